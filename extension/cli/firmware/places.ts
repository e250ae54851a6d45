/** Makes paths in a compiler's output absolute, so that an editor finds them whatever folder the compiler ran in. */
import { isAbsolute, resolve } from 'node:path';

export type LineFilter = (line: string) => string;

/**
 * @param folder where the build runs; make and ninja say when they go elsewhere
 * @param exists tells a path from other text with a colon
 */
export function absolutePlaces(folder: string, exists: (path: string) => boolean): LineFilter {
  const folders = [folder];
  return (line) => {
    const enter = /: Entering directory [`'](.+)'$/.exec(line);
    if (enter !== null) folders.push(resolve(folder, enter[1] ?? ''));
    else if (/: Leaving directory /.test(line) && folders.length > 1) folders.pop();
    const place = /^((?:In file included from|\s+from) +)?([^:\s][^:]*)(:\d+(?::\d+)?[:,].*)$/.exec(line);
    if (place === null) return line;
    const [, before = '', path = '', after = ''] = place;
    if (isAbsolute(path)) return line;
    const absolute = [...folders]
      .reverse()
      .map((each) => resolve(each, path))
      .find(exists);
    return absolute === undefined ? line : `${before}${absolute}${after}`;
  };
}
