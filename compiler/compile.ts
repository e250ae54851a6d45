/** The whole pipeline on one screen: a graph and a plan become a program. */
import { type Diagnostic, DiagnosticError, failure, type Result, success } from './diagnostics.ts';
import type { ArenaSolution } from './memory/arena.ts';
import { type PlaceOptions, placeBuffers } from './memory/place.ts';
import type { Graph } from './model/graph.ts';
import { newestPerGraph } from './model/memo.ts';
import { resizeInput } from './model/resize.ts';
import type { BufferId, Program, ProgramPorts } from './program.ts';
import { lowerBackwardPass, lowerHead, regressionTarget } from './schedule/backward.ts';
import { at, call, ProgramBuilder } from './schedule/builder.ts';
import { foldPads } from './schedule/fold.ts';
import { lowerForwardPass } from './schedule/forward.ts';
import { orderLayers } from './schedule/order.ts';
import { type Differentiation, differentiate } from './training/differentiate.ts';
import type { PictureSize, TrainingPlan } from './training/plan.ts';
import { type PreparedNetwork, prepareNetwork } from './training/prepare.ts';
import { emitRate, trainingState } from './training/schedule.ts';

export interface Compilation {
  readonly program: Program;
  readonly network: PreparedNetwork;
  readonly differentiation: Differentiation;
  readonly arena: ArenaSolution;
}

export interface CompileOptions {
  /** Time limit of the arena search in milliseconds. */
  readonly arenaMilliseconds?: number;
  readonly cancelled?: () => boolean;
  /** A program like this one, compiled before: where it has its buffers is tried first. */
  readonly similar?: Program;
}

const resized = newestPerGraph<PictureSize, Graph>(({ width, height }) => `${width} ${height}`, resizeInput);

/** A training program. User mistakes come back as diagnostics that name the layer. */
export function compile(graph: Graph, plan: TrainingPlan, options: CompileOptions = {}): Result<Compilation> {
  return diagnosed(() => {
    const network = prepareNetwork(foldPads(plan.input === undefined ? graph : resized(graph, plan.input)), plan);
    const own = lowerTraining(network, plan, options);
    const ordered = orderLayers(network.graph);
    if (ordered === network.graph) return own;
    // The order was chosen by whole tensors; streaming and growth may have the last word.
    const other = lowerTraining({ ...network, graph: ordered }, plan, options);
    return other.program.arenaBytes < own.program.arenaBytes ? other : own;
  });
}

function lowerTraining(network: PreparedNetwork, plan: TrainingPlan, options: CompileOptions): Compilation {
  const differentiation = differentiate(network);
  const builder = new ProgramBuilder();
  const state = trainingState(builder, plan.train);
  const forward = lowerForwardPass(builder, network.graph, {
    everyTensor: false,
    differentiation,
    settings: plan.train,
  });
  const head = lowerHead(builder, network.graph, network.head, forward, state.prediction);
  const optimization = { ...state, settings: plan.train };
  emitRate(builder, network.head.layer, plan.train, state);
  const target = regressionTarget(builder, network.graph, network.head, plan.train.loss);
  const results = target === undefined ? state : { ...state, target };
  lowerBackwardPass(builder, network.graph, network.head, head, forward, differentiation, optimization, results);
  builder.step({
    layer: network.head.layer,
    phase: 'update',
    when: 'batch',
    calls: [call('ft_count', { counter: at(state.stepCount) })],
  });
  const ports: ProgramPorts = {
    ...portsOf([bufferOf(forward.tensors, network.graph.inputs[0])], [head.logits]),
    training: { ...results, batch: plan.train.batch },
  };
  const { program, arena } = finish(plan.name, builder, ports, options, false);
  return { program, network, differentiation, arena };
}

/** A program that only infers; with `everyTensor` unfolded, each tensor in a place of its own. */
export function compileInference(
  graph: Graph,
  options: CompileOptions & { readonly everyTensor: boolean },
): Result<{
  readonly program: Program;
  readonly tensors: ReadonlyMap<number, BufferId>;
  readonly arena: ArenaSolution;
}> {
  return diagnosed(() => {
    const builder = new ProgramBuilder();
    const network = options.everyTensor ? graph : foldPads(graph);
    const { tensors } = lowerForwardPass(builder, network, { everyTensor: options.everyTensor });
    const ports = portsOf(
      graph.inputs.map((id) => bufferOf(tensors, id)),
      graph.outputs.map((id) => bufferOf(tensors, id)),
    );
    const { program, arena } = finish(graph.name, builder, ports, options, options.everyTensor);
    return { program, tensors, arena };
  });
}

function portsOf(inputs: readonly BufferId[], outputs: readonly BufferId[]): ProgramPorts {
  const [[input], [output]] = [inputs, outputs];
  if (input === undefined || output === undefined) throw new Error('a network needs an input and an output');
  return { input, output, inputs, outputs };
}

function bufferOf(tensors: ReadonlyMap<number, BufferId>, id: number | undefined): BufferId {
  const buffer = tensors.get(id ?? -1);
  if (buffer === undefined) throw new Error(`no buffer for tensor ${id}`);
  return buffer;
}

function finish(
  name: string,
  builder: ProgramBuilder,
  ports: ProgramPorts,
  options: CompileOptions,
  keepAll: boolean,
): { program: Program; arena: ArenaSolution } {
  const place: PlaceOptions = {
    fromStart: ports.inputs,
    toEnd: ports.training === undefined ? ports.outputs : [],
    keepAll,
    ...(options.arenaMilliseconds === undefined ? {} : { milliseconds: options.arenaMilliseconds }),
    ...(options.cancelled === undefined ? {} : { cancelled: options.cancelled }),
    ...(options.similar === undefined ? {} : { similar: options.similar.buffers }),
  };
  const { buffers, arenaBytes, sramBytes, solution } = placeBuffers(builder.buffers, builder.steps, place);
  const program = {
    name,
    buffers,
    initialise: builder.initialise,
    steps: builder.steps,
    arenaBytes,
    sramBytes,
    ports,
  };
  return { program, arena: solution };
}

function diagnosed<T>(run: () => T): Result<T> {
  try {
    return success(run());
  } catch (error) {
    if (error instanceof DiagnosticError) return failure(error.diagnostic satisfies Diagnostic);
    throw error;
  }
}
