import { execFile } from 'node:child_process';
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
