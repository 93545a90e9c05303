import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, tell } from '../packed.ts';

/** Not pinned by the workspace: nothing else of ours needs them. */
export const JEST = { jest: '30.5.2', '@babel/plugin-transform-modules-commonjs': '7.29.14' };

const PLAIN = { testEnvironment: 'node', testMatch: ['**/*.test.{mjs,cjs}'], transform: {} };
/** As in docs/consumers.md. */
const TRANSFORMED = {
  ...PLAIN,
  transform: {
    '\\.[cm]?js$': ['babel-jest', { configFile: false, plugins: ['@babel/plugin-transform-modules-commonjs'] }],
  },
  transformIgnorePatterns: ['/node_modules/(?!(\\.pnpm|@regionkit|regionkit|jose)/)'],
};

/** Jest's own `require` loads an ES module from Node 24.9 on. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const REQUIRES_ESM = major > 24 || (major === 24 && minor >= 9);

/** What docs/consumers.md says of Jest is so. */
export function checkJest(folder: string): void {
  cpSync(join(APPS, 'jest'), join(folder, 'jest'), { recursive: true });
  expect('ES modules, with the flag', 'passes', ['--experimental-vm-modules'], PLAIN, 'test.mjs');
  expect(
    'CommonJS, with the flag',
    REQUIRES_ESM ? 'passes' : 'refuses',
    ['--experimental-vm-modules'],
    PLAIN,
    'test.cjs',
  );
  expect('CommonJS, without it', 'refuses', [], PLAIN, 'test.cjs');
  expect('CommonJS, transformed', 'passes', [], TRANSFORMED, 'test.cjs');

  function expect(what: string, expected: 'passes' | 'refuses', flags: string[], config: object, file: string): void {
    const args = [...flags, 'node_modules/jest/bin/jest.js', '--config', JSON.stringify(config), file];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 300_000 });
    const is = status === 0 ? 'passes' : /Must use import to load ES Module/.test(stderr) ? 'refuses' : 'fails';
    if (is !== expected) throw new Error(`Jest, ${what}: it ${is}, and we say that it ${expected}\n${stderr}`);
    tell(`Jest: ${what}: ${is}`);
  }
}
