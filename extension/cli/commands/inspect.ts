import { describeModel, type ModelDescription, type TensorDescription } from '../../../compiler/model/describe.ts';
import { type Command, failed, operandAt } from '../command.ts';
import { loadModel } from '../files/plan.ts';
import { bytesText, shapeText, table } from '../output.ts';

export const inspect: Command = {
  name: 'inspect',
  operands: ['MODEL'],
  flagsHelp: '',
  summary: 'what the model is: layers as plans name them, shapes, operations, bytes',
  flags: {},
  async run(invocation) {
    const file = operandAt(invocation, 0);
    const graph = await loadModel(file, file);
    if (!graph.ok) return failed(graph.diagnostics);
    const description = describeModel(graph.value);
    return { document: description, text: () => modelText(description), diagnostics: graph.diagnostics };
  },
};

function modelText(model: ModelDescription): string {
  const rows = model.layers.map((layer, index) => [
    String(index),
    layer.name,
    layer.operator,
    shapeText(layer.inputShape),
    shapeText(layer.outputShape),
    layer.macs,
    layer.weightBytes,
    layer.trainable ? 'yes' : '',
  ]);
  const layers = table(
    [
      { title: '' },
      { title: 'layer', align: 'left' },
      { title: 'operator', align: 'left' },
      { title: 'input', align: 'left' },
      { title: 'output', align: 'left' },
      { title: 'MACs' },
      { title: 'bytes' },
      { title: 'trainable', align: 'left' },
    ],
    rows,
  );
  const totals = [
    ...model.inputs.map((tensor) => `input   ${tensorText(tensor)}`),
    ...model.outputs.map((tensor) => `output  ${tensorText(tensor)}`),
    `in all  ${model.macs.toLocaleString('en')} MACs, weights ${bytesText(model.weightBytes)}`,
  ];
  return `${model.name}: ${model.layers.length} layers\n\n${layers}\n${totals.join('\n')}\n`;
}

function tensorText({ name, dtype, shape, quantisation }: TensorDescription): string {
  const [scale] = quantisation?.scale ?? [];
  const codes =
    quantisation === undefined ? '' : `, scale ${scale?.toPrecision(6)}, zero point ${quantisation.zeroPoint}`;
  return `${name} ${dtype}${shapeText(shape)}${codes}`;
}
