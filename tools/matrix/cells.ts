import { parseArgs } from 'node:util';

const SMOKE = [
  'packages/db-router/test/int/outcomes',
  'packages/db-router/test/int/replication',
  'examples/express',
] as const;

/** What of the project a cell runs. */
export const PARTS = {
  /** The whole suite. */
  suite: ['node_modules/vitest/vitest.mjs', 'run'],
  /** The tests that talk to PostgreSQL. */
  postgres: ['node_modules/vitest/vitest.mjs', 'run', '.int.test.ts', 'packages/lab'],
  /** Every package, without PostgreSQL. */
  unit: ['node_modules/vitest/vitest.mjs', 'run', '--exclude', '**/*.int.test.ts', 'packages', 'proof/test'],
  /** A minute's worth: every error of a real server, replication as operators set it, and an app over two servers. */
  smoke: ['node_modules/vitest/vitest.mjs', 'run', ...SMOKE],
  /** The packages as they will be published; wants a build. */
  consumers: ['--import', 'tsx', 'tools/consumers/run.ts'],
  /** The bars of speed that may depend on Node; wants a build of the packages and of the bench. */
  speed: ['--expose-gc', 'bench/dist/bench.js', 'affinity', 'session', 'health', 'forward'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Part = keyof typeof PARTS;

export interface Cell {
  /** A version of Node as npm takes it; the Node that runs this when absent. */
  readonly node: string | undefined;
  /** A major version, or the directory of installed programs; the one the lab brings when absent. */
  readonly postgres: string | undefined;
  readonly part: Part;
}

export interface Matrix {
  readonly cells: readonly Cell[];
  /** A cell that takes longer has failed. */
  readonly minutes: number;
}

/** The oldest Node we claim, and the newest of each line that is tested. */
const NODES = ['20.19.0', '20', '22', '24', '26'];
/** Beside the 18 that the lab brings. */
const POSTGRES = ['15', '16', '17'];

/** The cells that the flags ask for; without any, all that we claim to work on. */
export function cellsOf(args: readonly string[]): Matrix {
  const { values } = parseArgs({
    args: [...args],
    options: {
      node: { type: 'string', multiple: true },
      postgres: { type: 'string', multiple: true },
      part: { type: 'string', multiple: true },
      minutes: { type: 'string', default: '60' },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new RangeError(`--minutes must be more than 0: it is ${values.minutes}`);
  const parts = values.part?.map(partOf);
  const { node: nodes, postgres: majors } = values;
  if (nodes === undefined && majors === undefined) {
    const onNodes = across(NODES, [undefined], parts ?? ['suite', 'consumers']);
    return { minutes, cells: [...onNodes, ...across([undefined], POSTGRES, parts ?? ['postgres'])] };
  }
  const usual: Part = majors === undefined ? 'suite' : 'postgres';
  return { minutes, cells: across(nodes ?? [undefined], majors ?? [undefined], parts ?? [usual]) };
}

function across(
  nodes: readonly (string | undefined)[],
  majors: readonly (string | undefined)[],
  parts: readonly Part[],
): readonly Cell[] {
  return nodes.flatMap((node) => majors.flatMap((postgres) => parts.map((part) => ({ node, postgres, part }))));
}

function partOf(name: string): Part {
  if (Object.hasOwn(PARTS, name)) return name as Part;
  throw new RangeError(`--part must be one of ${Object.keys(PARTS).join(', ')}: it is ${name}`);
}
