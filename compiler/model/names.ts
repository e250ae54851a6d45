/** Short layer names, as the plan language writes them (its bare names, without the wildcards `*` and `?`). */
const bareName = /^[A-Za-z_][\w-]*(\.[\w-]+)*$/;

const words: Readonly<Record<string, string>> = {
  CONV_2D: 'conv',
  DEPTHWISE_CONV_2D: 'depthwise',
  TRANSPOSE_CONV: 'upconv',
  FULLY_CONNECTED: 'dense',
  AVERAGE_POOL_2D: 'pool',
  MAX_POOL_2D: 'maxpool',
  CONCATENATION: 'concat',
  RESIZE_BILINEAR: 'resize',
  RESIZE_NEAREST_NEIGHBOR: 'resize',
  BATCH_MATMUL: 'matmul',
  PADV2: 'pad',
  SPLIT_V: 'split',
  UNIDIRECTIONAL_SEQUENCE_LSTM: 'lstm',
};

export function operatorWord(operator: string): string {
  return words[operator] ?? (operator.startsWith('CUSTOM:') ? 'custom' : operator.toLowerCase().replaceAll('_', '-'));
}

/**
 * One unique name per layer, in order: its full name where that is bare and no other layer's, else the operator's word
 * and the layer's index (`conv3`), with `-2`, `-3`, ... where a full name of the model is just that.
 */
export function nameLayers(
  layers: readonly { readonly fullName: string; readonly operator: string }[],
): readonly string[] {
  const uses = new Map<string, number>();
  for (const { fullName } of layers) uses.set(fullName, (uses.get(fullName) ?? 0) + 1);
  const keepsName = (fullName: string) => bareName.test(fullName) && uses.get(fullName) === 1;
  const taken = new Set(layers.map((layer) => layer.fullName).filter(keepsName));
  return layers.map(({ fullName, operator }, index) => {
    if (keepsName(fullName)) return fullName;
    const base = `${operatorWord(operator)}${index}`;
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
    taken.add(name);
    return name;
  });
}
