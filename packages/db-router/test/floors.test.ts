import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { brokenFloors, type Floors, importCircles, readSources } from '../../../tools/floors.ts';

/** The ground first. Where a new file belongs: on the lowest floor from which everything it imports is below. */
const FLOORS: Floors = [
  // All that the gate knows of a router.
  ['gate-seam.ts'],
  ['shown.ts', 'in-this-context.ts', 'reasons.ts', 'quote-role.ts', 'history/', 'http/'],
  ['router-error.ts', 'counters.ts'],
  ['errors.ts', 'events.ts', 'router-reports.ts', 'pools-option.ts'],
  ['any-router-error.ts', 'topology/'],
  ['log-events.ts', 'options.ts'],
  ['connection/', 'routing/'],
  ['causality/', 'monitor/', 'pause/'],
  ['entry.ts', 'engine/', 'epoch-stores/'],
  ['statements/'],
  ['pools/'],
  ['region-router.ts', 'report-topology.ts'],
  ['router.ts', 'testing/', 'ledger/', 'tail/', 'kysely/'],
  ['index.ts'],
];

describe('the floors of the router', () => {
  const sources = readSources(fileURLToPath(new URL('../src', import.meta.url)));

  it('import only what is below them', () => {
    expect(brokenFloors(sources, FLOORS)).toEqual([]);
  });

  it('have no files that import each other', () => {
    expect(importCircles(sources)).toEqual([]);
  });
});

describe('brokenFloors()', () => {
  const floors: Floors = [['errors.ts'], ['cellar/', 'vault/'], ['attic/']];
  const house = {
    'errors.ts': '',
    'cellar/a.ts': "import { b } from './b.ts';\nimport { failed } from '../errors.ts';",
    'cellar/b.ts': "import fs from 'node:fs';",
    'vault/a.ts': '',
    'attic/a.ts': "export { a } from '../cellar/a.ts';",
  };
  const broken = (changed: object): readonly string[] =>
    brokenFloors(new Map(Object.entries({ ...house, ...changed })), floors);

  it('finds nothing where every import leads down, or stays in the room', () => {
    expect(broken({})).toEqual([]);
  });

  it.each([
    ['an import that runs up', "import { a } from '../attic/a.ts';"],
    ['the import of a type', "import type { A } from '../attic/a.ts';"],
    ['an export from above', "export * from '../attic/a.ts';"],
    ['what is loaded later', "const a = await import('../attic/a.ts');"],
    ['the type of an import', "export type A = import('../attic/a.ts').A;"],
  ])('names the file and the arrow: %s', (_what, text) => {
    expect(broken({ 'cellar/a.ts': text })).toEqual(['cellar/a.ts imports attic/a.ts, which is not below it']);
  });

  it('lets no room import another one of its floor', () => {
    expect(broken({ 'vault/a.ts': "import '../cellar/a.ts';" })).toEqual([
      'vault/a.ts imports cellar/a.ts, which is not below it',
    ]);
  });

  it('is not misled by a comment or a text', () => {
    expect(broken({ 'cellar/a.ts': "// import '../attic/a.ts'\nconst text = `import '../attic/a.ts'`;" })).toEqual([]);
  });

  it('knows every file of the root, and every room', () => {
    expect(broken({ 'helper.ts': '', 'shed/a.ts': '' })).toEqual([
      'helper.ts is in no room: give helper.ts a floor',
      'shed/a.ts is in no room: give shed/ a floor',
    ]);
    expect(brokenFloors(new Map([['errors.ts', '']]), [['errors.ts', 'engine.ts']])).toEqual([
      'engine.ts has a floor and no file',
    ]);
  });
});

describe('importCircles()', () => {
  it('names the files of each circle once', () => {
    const house = {
      'a.ts': "import './b.ts'; import './far/d.ts';",
      'b.ts': "import type { C } from './c.ts';",
      'c.ts': "export * from './a.ts';",
      'far/d.ts': "import './e.ts';",
      'far/e.ts': "import './d.ts'; import './f.ts';",
      'far/f.ts': '',
    };
    expect(importCircles(new Map(Object.entries(house)))).toEqual(['a.ts, b.ts, c.ts', 'far/d.ts, far/e.ts']);
  });

  it('names none where every way ends', () => {
    expect(
      importCircles(
        new Map([
          ['a.ts', "import './b.ts';"],
          ['b.ts', ''],
        ]),
      ),
    ).toEqual([]);
  });
});
