import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/**
 * The floors of a house of folders, the ground first. A room is a folder (`topology/`) or a file that stands alone
 * (`errors.ts`). It may import what is on a floor below its own, and nothing else.
 */
export type Floors = readonly (readonly string[])[];

/** Source files by their path below the house, with `/` between folders. */
export type Sources = ReadonlyMap<string, string>;

/** Reads every TypeScript file below a folder. */
export function readSources(folder: string): Sources {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return new Map(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]));
}

/**
 * What breaks the order, one sentence each: an arrow that runs up or across a floor, a file in no room, and a room that
 * is not there. Imports of types count: a change of a type changes what is above it.
 */
export function brokenFloors(sources: Sources, floors: Floors): readonly string[] {
  const heights = new Map(floors.flatMap((rooms, height) => rooms.map((room) => [room, height] as const)));
  const roomOf = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/') + 1) : path);
  const broken: string[] = [];
  const used = new Set<string>();
  for (const [path, text] of sources) {
    const room = roomOf(path);
    used.add(room);
    const height = heights.get(room);
    if (height === undefined) {
      broken.push(`${path} is in no room: give ${room} a floor`);
      continue;
    }
    for (const target of importsOf(path, text)) {
      const other = roomOf(target);
      if (other !== room && !((heights.get(other) ?? Number.POSITIVE_INFINITY) < height))
        broken.push(`${path} imports ${target}, which is not below it`);
    }
  }
  for (const room of heights.keys()) if (!used.has(room)) broken.push(`${room} has a floor and no file`);
  return broken.sort();
}

/** The circles of files that import each other, one line each: none of them can be read, tested or moved alone. */
export function importCircles(sources: Sources): readonly string[] {
  const arrows = new Map([...sources].map(([path, text]) => [path, importsOf(path, text)]));
  const reachable = (from: string): ReadonlySet<string> => {
    const found = new Set<string>();
    const left = [...(arrows.get(from) ?? [])];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (found.has(path)) continue;
      found.add(path);
      left.push(...(arrows.get(path) ?? []));
    }
    return found;
  };
  const reach = new Map([...arrows.keys()].map((path) => [path, reachable(path)]));
  const circles = [...reach].map(([path, found]) =>
    [...found].filter((other) => reach.get(other)?.has(path) === true).sort(),
  );
  return [...new Set(circles.filter((files) => files.length > 0).map((files) => files.join(', ')))].sort();
}

/** The files of the house that a file imports, exports from, or loads later. */
function importsOf(path: string, text: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const own = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'));
  return [...new Set(own.map((name) => relative('.', join(dirname(path), name)).replaceAll('\\', '/')))];
}
