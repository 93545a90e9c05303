import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startStub } from './provider/stub.ts';

const run = promisify(execFile);

export interface Ran {
  readonly exit: number;
  readonly output: string;
}

/** A copy of a folder of Terraform, with the stub as its provider. */
export interface Workspace {
  readonly folder: string;
  terraform(...args: readonly string[]): Promise<Ran>;
  close(): Promise<void>;
}

/** The version of the terraform on this machine. Undefined: there is none. No registry of npm or Debian has it. */
export async function terraformVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run('terraform', ['version', '-json'], {
      env: { ...process.env, CHECKPOINT_DISABLE: '1' },
    });
    return (JSON.parse(stdout) as { terraform_version: string }).terraform_version;
  } catch {
    return undefined;
  }
}

/** @param root what is copied; `at` the folder inside of it in which terraform runs */
export async function openWorkspace(root: string, at = '.'): Promise<Workspace> {
  const copy = await mkdtemp(join(tmpdir(), 'regionkit-terraform-'));
  await cp(root, copy, { recursive: true });
  const stub = await startStub();
  const folder = join(copy, at);
  const env = {
    ...process.env,
    ...stub.environment,
    CHECKPOINT_DISABLE: '1',
    TF_CLI_CONFIG_FILE: '/dev/null',
    TF_IN_AUTOMATION: '1',
  };
  return {
    folder,
    terraform: async (command, ...args) => {
      try {
        const { stdout, stderr } = await run('terraform', [command as string, '-no-color', ...args], {
          cwd: folder,
          env,
          timeout: 120_000,
          maxBuffer: 64 * 2 ** 20,
        });
        return { exit: 0, output: `${stdout}${stderr}` };
      } catch (error) {
        const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
        return { exit: typeof code === 'number' ? code : 1, output: `${stdout ?? ''}${stderr ?? ''}` };
      }
    },
    close: async () => {
      stub.close();
      await rm(copy, { recursive: true, force: true });
    },
  };
}
