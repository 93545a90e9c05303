import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REGIONS } from '../src/names.ts';

export const PIPELINE: string = fileURLToPath(new URL('../../../infra/pipeline/', import.meta.url));

export interface Given {
  /** A pattern of the orders that fail. */
  readonly broken?: string;
  /** A pattern of the orders that never end. They leave a file `hangs`. */
  readonly hangs?: string;
  /** What `version` says: a script that has `$REGION`. */
  readonly version?: string;
  readonly primary?: string;
}

/** Programs in place of `npm`, `npx` and `deploy.sh`, which only write down what they are asked. Gives the environment for them. */
export async function createFakePrograms(
  directory: string,
  { broken = 'nothing is broken', hangs = 'nothing hangs', version = 'echo 1.0.0', primary = 'us-east-1' }: Given,
): Promise<NodeJS.ProcessEnv> {
  const program = (name: string, text: string): Promise<void> =>
    writeFile(join(directory, name), `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });
  const note = [
    'echo "$asked" >> asked',
    '[[ ! "$asked" =~ $HANGS ]] || { touch hangs; sleep 600; }',
    '[[ ! "$asked" =~ $BROKEN ]]',
  ].join('\n');
  const status = REGIONS.map((name) =>
    JSON.stringify({ type: 'server', where: `${name}/0`, role: name === primary ? 'writer' : 'standby' }),
  );
  await mkdir(join(directory, 'bin'), { recursive: true });
  await copyFile(join(PIPELINE, 'rollout-order.mjs'), join(directory, 'rollout-order.mjs'));
  await writeFile(join(directory, 'status'), `${status.join('\n')}\n{"type":"result","exit":0}\n`);
  await program('deploy.sh', `[ "$1" != version ] || { ${version}; exit; }\nasked="$REGION: $1 $VERSION"\n${note}`);
  await program(
    'bin/npx',
    `[ "$1 $2" = '--no regionkit' ] || exit 127\n[ "$3" != status ] || { cat status; [[ ! "$3" =~ $BROKEN ]]; exit; }\nasked="$REGION: $3 \${*:4}"\n${note}`,
  );
  await program('bin/npm', `asked="npm \${REGION:-}: $*"\n${note}`);
  const path = `${join(directory, 'bin')}${delimiter}${process.env['PATH']}`;
  return { ...process.env, PATH: path, BROKEN: broken, HANGS: hangs };
}

/** The orders that the programs got, without those to `npm`. */
export async function askedIn(directory: string): Promise<readonly string[]> {
  const lines = (await readFile(join(directory, 'asked'), 'utf8')).trim().split('\n');
  return lines.filter((line) => !line.startsWith('npm '));
}

const TEST = 'us-east-1: smoke-test --region us-east-1 --expect-version';
const SMOKE = `${TEST} 2.0.0 --path /smoke --junit smoke.xml`;
const OBSERVE = `${TEST} 2.0.0 --path /smoke --observe 5m --interval 500ms --min-samples 200 --failure-limit 2 --junit observe.xml`;
const MIGRATE = 'us-east-1: migrate 2.0.0';
export const BEFORE: readonly string[] = [MIGRATE, 'us-east-1: smoke-test --path /smoke'];
const DEPLOY = [...BEFORE, 'us-east-1: deploy 2.0.0'];
const UNDO = 'us-east-1: undo-migration 1.0.0';
export const SERVES: string = `${TEST} 1.0.0 --path /smoke`;
const BACK = ['us-east-1: deploy 1.0.0', SERVES];

/** Where a rollout from 1.0.0 to 2.0.0 ends in the first region: a pattern of the order at which it does, and all orders. */
export const ENDINGS: readonly (readonly [what: string, at: string, asked: readonly string[]])[] = [
  ['a migration', 'migrate 2.0.0', [MIGRATE, UNDO, SERVES]],
  ['a test after the migration', 'smoke-test --path', [...BEFORE, UNDO, SERVES]],
  ['a deploy', 'deploy 2.0.0', [...DEPLOY, ...BACK]],
  ['a smoke test', 'smoke.xml', [...DEPLOY, SMOKE, ...BACK]],
  ['an observation', 'observe', [...DEPLOY, SMOKE, OBSERVE, ...BACK]],
];

/** What `version` may print that is no way back: the rollout must stop before anything is changed. */
export const NO_WAY_BACK: readonly (readonly [what: string, version: string])[] = [
  ['cannot be read', 'exit 1'],
  ['is empty', 'true'],
  ['is more than one word', 'echo connecting to 1.0.0'],
  ['is the new one already', 'echo 2.0.0'],
];

/** What `version` may say of another region so that a migration stays. */
export const NOT_PROVED: readonly (readonly [what: string, version: string])[] = [
  ['a region runs the new version', 'if [ "$REGION" = ap-southeast-1 ]; then echo 2.0.0; else echo 1.0.0; fi'],
  ['it is not known what a region runs', '[ "$REGION" != ap-southeast-1 ] && echo 1.0.0'],
  ['a region names no version', '[ "$REGION" = ap-southeast-1 ] || echo 1.0.0'],
];
