import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { methodsOf } from './public-methods.ts';

const PACKAGES = fileURLToPath(new URL('../packages/', import.meta.url));

/** The interfaces whose methods an app calls. What an app implements itself (`Check`, `Source`) is not among them. */
const CONTRACTS: Readonly<Record<string, readonly string[]>> = {
  affinity: ['AffinityDecider'],
  config: ['Config', 'ConfigRef', 'RotatingPassword'],
  core: ['Doors', 'EventSource', 'FakeView', 'Live', 'RegionView', 'SettableLive'],
  'db-router': [
    'Ledger',
    'MemoryRegion',
    'MemoryRegions',
    'RegionRouter',
    'TailKeeper',
    'Transaction',
    'WriteGateDecider',
  ],
  health: ['Drain', 'Health', 'HealthPort', 'OperatorDoor'],
  session: ['DiscoveredIssuer', 'SessionCookie', 'SessionIssuer', 'SessionVerifier'],
};

describe('methodsOf()', () => {
  it('finds methods, functions as properties and overloads, and what their comments have', () => {
    const source = `
      export interface Thing {
        readonly name: string;
        /** Runs. @example run(); */
        run(): void;
        run(twice: boolean): void;
        stop: () => void;
        [Symbol.asyncDispose](): Promise<void>;
      }
      interface Other { hide(): void }
    `;
    expect(methodsOf(source, ['Thing'])).toEqual([
      { name: 'Thing.run', line: 5, hasText: true, hasExample: true },
      { name: 'Thing.stop', line: 7, hasText: false, hasExample: false },
    ]);
  });
});

describe.each(Object.entries(CONTRACTS))('the public methods of %s', (name, interfaces) => {
  const src = `${PACKAGES}${name}/src/`;
  const methods = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) =>
      methodsOf(readFileSync(src + path, 'utf8'), interfaces).map((method) => ({
        ...method,
        at: `packages/${name}/src/${path}:${method.line} ${method.name}`,
      })),
    );

  it('are found in every interface', () => {
    expect([...new Set(methods.map((method) => method.name.split('.')[0]))].sort()).toEqual([...interfaces].sort());
  });

  it('say what they do, and show it in an example', () => {
    expect(methods.filter(({ hasText, hasExample }) => !hasText || !hasExample).map(({ at }) => at)).toEqual([]);
  });
});
