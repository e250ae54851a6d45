import { type Command, failed, requiredFlag } from '../command.ts';
import { openQueue, serveQueue } from '../contribution/queue.ts';

export const worker: Command = {
  name: 'worker',
  operands: [],
  flagsHelp: '--redis URL',
  summary: 'runs jobs of `contribution --redis URL` until it is interrupted; start one for each core, on any machine',
  flags: { redis: { type: 'string' } },
  async run({ flags }, io) {
    const queue = await openQueue(requiredFlag(flags, 'redis'));
    if (!queue.ok) return failed(queue.diagnostics);
    await serveQueue(queue.value, io);
    return { document: {}, text: () => 'interrupted; a job under way goes to another worker\n', diagnostics: [] };
  },
};
