import { type Command, operandAt } from '../command.ts';
import { compilePlanFile } from '../compilation.ts';
import { diagnosticJson } from '../output.ts';

export const check: Command = {
  name: 'check',
  operands: ['PLAN'],
  flagsHelp: '',
  summary: 'errors and warnings of a training plan, exceeded limits among them',
  flags: {},
  async run(invocation) {
    const compiled = await compilePlanFile(operandAt(invocation, 0));
    const diagnostics = compiled.ok ? compiled.value.diagnostics : compiled.diagnostics;
    return {
      document: { diagnostics: diagnostics.map(diagnosticJson) },
      text: () => (diagnostics.length === 0 ? 'no errors, no warnings\n' : ''),
      diagnostics,
    };
  },
};
