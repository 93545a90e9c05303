import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);

describe('a bundle', () => {
  const inputsOf = async (name: string): Promise<readonly string[]> => {
    const { metafile } = await build({
      entryPoints: [fixture(name)],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@regionkit/source'],
      logLevel: 'silent',
    });
    return Object.keys(metafile.inputs);
  };

  test('of an app that does not import /aws has no byte of the AWS SDK, of pg, or of the test double', async () => {
    const inputs = await inputsOf('app-without-aws.ts');
    expect(inputs.some((path) => path.endsWith('config/src/load-config.ts'))).toBe(true);
    expect(inputs.filter((path) => /aws|smithy|\/pg\/|testing/.test(path.replace('app-without-aws', '')))).toEqual([]);
  });

  test('of an app that does has it, without anything left to resolve when it runs', async () => {
    const inputs = await inputsOf('app-with-aws.ts');
    expect(inputs.some((path) => path.includes('@aws-sdk/client-secrets-manager'))).toBe(true);
  });
});

describe('the README', () => {
  const root = join(import.meta.dirname, '..');
  /** What the snippet that says `words` writes when it runs as it stands. */
  const run = async (words: string): Promise<string> => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const snippet = [...readme.matchAll(/```ts\n(.*?)```/gs)]
      .map(([, code = '']) => code)
      .find((code) => code.includes(words));
    const { outputFiles } = await build({
      stdin: { contents: snippet ?? '', resolveDir: root, loader: 'ts' },
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      conditions: ['@regionkit/source'],
      external: ['@aws-sdk/*', 'zod'],
      logLevel: 'silent',
    });
    const running = promisify(execFile)(process.execPath, ['--no-warnings', '--input-type=module'], { cwd: root });
    running.child.stdin?.end(outputFiles[0]?.text);
    return (await running).stdout;
  };

  test('begins with what runs on any machine', async () => {
    expect(await run("db: values({ username: 'app'")).toBe('[redacted] [redacted]\n');
  });

  test('ends with a test of an app whose region is down', async () => {
    expect(await run('fakeAws({ regions })')).toBe('first eu-west-1\nchanged second\n');
  });
});

describe('a process', () => {
  const run = (name: string) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', '-C', '@regionkit/source', fixture(name)], {
      timeout: 25_000,
    });

  test('ends although a config that was not closed goes on refreshing', async () => {
    expect(await run('idle.ts')).toEqual({ stdout: 'started\n', stderr: '' });
  });

  test('does not end before a start that is stuck has failed', async () => {
    expect(await run('stuck.ts')).toEqual({ stdout: 'ERR_CONFIG_START\n', stderr: '' });
  });
});
