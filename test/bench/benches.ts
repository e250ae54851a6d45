/** What `npm run bench` can measure. */

import process from 'node:process';
import { runAccuracy } from './accuracy.ts';
import { runClicks } from './click.ts';
import { runContribution } from './contribution.ts';
import { runInstructions } from './instructions.ts';
import { runKernels } from './kernels.ts';
import { runMemory } from './memory.ts';
import { runPack } from './pack.ts';
import { runReplan } from './replan.ts';
import { runScheme } from './scheme.ts';
import { runSearch } from './search.ts';
import { runSimulate } from './simulate.ts';
import { runTyping } from './typing.ts';

export interface Bench {
  readonly usage: string;
  readonly about: string;
  run(args: readonly string[]): object | Promise<object>;
}

const progress = (done: object): void => {
  process.stderr.write(`${JSON.stringify(done)}\n`);
};

export const benches: Readonly<Record<string, Bench>> = {
  pack: {
    usage: 'pack FILE.csv [--capacity N] [--seconds N] [--seed N]',
    about: "the arena planner on one of MiniMalloc's instances",
    run: runPack,
  },
  memory: {
    usage: 'memory [FILTER] [--board NAME] [--steps N]',
    about: 'what the published plans take; measured too, with a board',
    run: (args) => runMemory(args, progress),
  },
  accuracy: {
    usage: 'accuracy [FILTER] [--seeds 1,2,3]',
    about: 'trains the reference rows on CIFAR-10 pictures: minutes for each run',
    run: (args) => runAccuracy(args, progress),
  },
  search: { usage: 'search', about: 'the searches for a scheme beside each other', run: runSearch },
  contribution: {
    usage: 'contribution FILE',
    about: 'measured contributions of mcunet-5fps beside the published ones',
    run: runContribution,
  },
  scheme: {
    usage: 'scheme [DATA ...] [--contributions FILE] [--budget BYTES] [--seeds 1,2,3]',
    about: 'trains the scheme found for a budget beside the published one: minutes for each run',
    run: (args) => runScheme(args, progress),
  },
  kernels: {
    usage: 'kernels [BOARD]',
    about: 'instructions per multiply-accumulate of the forward kernels',
    run: runKernels,
  },
  instructions: {
    usage: 'instructions [BOARD ...] [--write]',
    about: 'instructions of training steps: counted on emulated boards, and as estimated',
    run: (args) => runInstructions(args, progress),
  },
  simulate: {
    usage: 'simulate [PLAN] [--per-class N] [--tests N] [--epochs N]',
    about: 'training samples per second in the simulator, with and without the cache of frozen layers',
    run: (args) => runSimulate(args, progress),
  },
  replan: {
    usage: 'replan [PLAN] [--toggles N]',
    about: 'from a switched layer to the new memory report',
    run: runReplan,
  },
  click: {
    usage: 'click [PLAN] [--toggles N]',
    about: 'the plan view in a workbench: from the click on a switch to the painted timeline',
    run: runClicks,
  },
  typing: { usage: 'typing [PLAN]', about: 'what the editor waits for while a plan is typed', run: runTyping },
};
