/** CMake's presets, as far as a build needs them: their names and where each builds. */
import * as v from 'valibot';

export interface ConfigurePreset {
  readonly name: string;
  /** As the file says it, macros included; undefined where nothing says it. */
  readonly binaryDir: string | undefined;
}

const presetsFile = v.object({
  configurePresets: v.optional(
    v.array(
      v.object({
        name: v.string(),
        hidden: v.optional(v.boolean()),
        inherits: v.optional(v.union([v.string(), v.array(v.string())])),
        binaryDir: v.optional(v.string()),
      }),
    ),
    [],
  ),
});

/** The presets that can be chosen, in the file's order; empty where the text is no presets file. */
export function readPresets(text: string): readonly ConfigurePreset[] {
  const parsed = v.safeParse(presetsFile, parseJson(text));
  if (!parsed.success) return [];
  const { configurePresets } = parsed.output;
  const binaryDirOf = (name: string, seen: readonly string[]): string | undefined => {
    const preset = configurePresets.find((each) => each.name === name);
    if (preset === undefined || seen.includes(name)) return undefined;
    if (preset.binaryDir !== undefined) return preset.binaryDir;
    const parents = typeof preset.inherits === 'string' ? [preset.inherits] : (preset.inherits ?? []);
    for (const parent of parents) {
      const found = binaryDirOf(parent, [...seen, name]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return configurePresets
    .filter(({ hidden }) => hidden !== true)
    .map(({ name }) => ({ name, binaryDir: binaryDirOf(name, []) }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a preset builds; CMake's own default is the source folder, which `build` stands in for. */
export function binaryFolder({ name, binaryDir }: ConfigurePreset, sourceDir: string): string {
  const macros: Readonly<Record<string, string>> = {
    sourceDir,
    sourceParentDir: sourceDir.replace(/[\\/][^\\/]+$/, ''),
    sourceDirName: sourceDir.replace(/^.*[\\/]/, ''),
    presetName: name,
    dollar: '$',
  };
  return (binaryDir ?? `${sourceDir}/build`).replace(/\$\{(\w+)\}/g, (whole, macro: string) => macros[macro] ?? whole);
}
