import { describe, expect, it } from 'vitest';
import { compile, compileInference } from '../../../compiler/compile.ts';
import type { Graph, Tensor } from '../../../compiler/model/graph.ts';
import { graph } from '../../support/graph-builder.ts';
import { planOf, whole } from '../training/networks.ts';

function refusal(network: Graph): string | undefined {
  const result = compileInference(network, { everyTensor: false });
  return result.ok ? undefined : `${result.diagnostics[0]?.code} ${result.diagnostics[0]?.layer}`;
}

function trainingRefusal(network: Graph): string | undefined {
  const update = new Map([['below', whole]]);
  const result = compile(network, planOf({ update, loss: 'mean-squared-error' }));
  return result.ok ? undefined : `${result.diagnostics[0]?.code} ${result.diagnostics[0]?.layer}`;
}

/** The network with one tensor, the first that fits, changed. */
function withTensor(network: Graph, fits: (tensor: Tensor) => boolean, change: Partial<Tensor>): Graph {
  const chosen = network.tensors.find(fits)?.id;
  return { ...network, tensors: network.tensors.map((each) => (each.id === chosen ? { ...each, ...change } : each)) };
}

const picture = (batch = 1) => graph(2).input([batch, 6, 6, 3], { name: 'picture' });

describe('what cannot run', () => {
  it('is refused by the name of an unknown operator', () => {
    const network = picture().relu({ name: 'odd' }).build();
    const layers = network.layers.map((layer) => ({ ...layer, operator: 'SVDF' }));
    expect(refusal({ ...network, layers })).toBe('unsupported-operator odd');
  });

  it('is refused where a kernel would misread the type', () => {
    const network = picture().conv({ channels: 2, name: 'wide' }).build();
    expect(refusal(withTensor(network, ({ name }) => name === 'picture', { dtype: 'int16' }))).toBe(
      'unsupported-type wide',
    );
    expect(refusal(withTensor(network, ({ name }) => name === 'wide', { dtype: 'float32' }))).toBe(
      'unsupported-type wide',
    );
  });

  it('is refused where weights are computed', () => {
    const network = picture().conv({ channels: 3, kernel: 1, name: 'hyper' }).build();
    const weights = network.layers[0]?.inputs[1];
    const tensors = network.tensors.map((each): Tensor => {
      const { data: _, ...computed } = each;
      return each.id === weights ? computed : each;
    });
    expect(refusal({ ...network, tensors })).toBe('computed-weights hyper');
  });

  it('is refused where tensors of different scales are joined', () => {
    const network = picture().relu6({ name: 'half' }).from('picture').concat(['half'], 3, { name: 'join' }).build();
    const quantisation = { scales: [0.5], zeroPoints: [0], axis: 0 };
    expect(refusal(withTensor(network, ({ name }) => name === 'half', { quantisation }))).toBe(
      'mixed-quantisation join',
    );
  });
});

describe('what cannot train', () => {
  it('is refused where a gradient would have to pass an operator without one', () => {
    const network = picture().conv({ channels: 2, name: 'below' }).relu({ name: 'top' }).build();
    const layers = network.layers.map((layer) => (layer.name === 'top' ? { ...layer, operator: 'ARG_MAX' } : layer));
    expect(trainingRefusal({ ...network, layers })).toBe('no-gradient top');
  });

  it('is refused where a layer takes several pictures at once', () => {
    expect(trainingRefusal(picture(2).conv({ channels: 2, name: 'below' }).build())).toBe('several-pictures below');
    const pooled = picture(2).dense({ units: 3, keepDims: true, name: 'below' }).maxPool({ kernel: 2, name: 'pool' });
    expect(trainingRefusal(pooled.build())).toBe('several-pictures pool');
  });
});
