/** Makes paths in a compiler's output absolute, so that an editor finds them whatever folder the compiler ran in. */
import { isAbsolute, resolve } from 'node:path';

export type LineFilter = (line: string) => string;

/**
 * @param start where the build runs, and where its compiler may run; make says when it goes elsewhere
 * @param exists tells a path from other text with a colon
 */
export function absolutePlaces(start: readonly string[], exists: (path: string) => boolean): LineFilter {
  const folders = [...start];
  return (line) => {
    const enter = /: Entering directory [`'](.+)'$/.exec(line);
    if (enter !== null) folders.push(resolve(folders[0] ?? '', enter[1] ?? ''));
    else if (/: Leaving directory /.test(line) && folders.length > start.length) folders.pop();
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
