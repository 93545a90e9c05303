import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProjectReflection, ReflectionKind } from 'typedoc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convert } from '../src/reference/convert.ts';
import { entryPointsOf, isShown, readEntryPoints } from '../src/reference/entry-points.ts';
import { type Factory, factoriesOf } from '../src/reference/factory-options.ts';
import { optionsPage } from '../src/reference/options-page.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHOWN = new Set(['@regionkit/core', '@regionkit/health', '@regionkit/db-router', 'regionkit']);

describe('entryPointsOf()', () => {
  it('has what an app can import, and shows neither internal tools nor a package a second time', () => {
    const source = (path: string) => ({ '@regionkit/source': `./src/${path}` });
    const exports = {
      '.': source('index.ts'),
      './kit': source('kit/index.ts'),
      './a': source('a.ts'),
      './package.json': '',
    };
    const core = entryPointsOf('core', { name: '@regionkit/core', exports });
    expect(core.filter(isShown)).toEqual([
      { name: '@regionkit/core', id: 'core', source: 'packages/core/src/index.ts' },
      { name: '@regionkit/core/a', id: 'core-a', source: 'packages/core/src/a.ts' },
    ]);
    expect(core).toContainEqual({
      name: '@regionkit/core/kit',
      id: 'core-kit',
      source: 'packages/core/src/kit/index.ts',
    });
    const [again] = entryPointsOf('regionkit', {
      name: 'regionkit',
      exports: { './core': source('packages/core.ts') },
    });
    expect(again && isShown(again)).toBe(false);
  });
});

describe('the pages that are made from the types', () => {
  let folder: string;
  let project: ProjectReflection;
  let factories: readonly Factory[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'regionkit-api-'));
    const entries = readEntryPoints(ROOT).filter(({ name }) => SHOWN.has(name));
    project = await convert(ROOT, entries, { folder, repository: 'https://git.example/shop' });
    factories = factoriesOf(project);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const optionOf = (factory: string, option: string) =>
    factories.find(({ name }) => name === factory)?.options.find(({ name }) => name === option);

  it('know every factory that takes options', () => {
    const makers = project
      .getReflectionsByKind(ReflectionKind.Function)
      .filter(({ name, parent }) => parent?.kind === ReflectionKind.Module && /^(?:create|define)/.test(name))
      .map(({ name }) => name);
    expect(makers).toEqual(
      expect.arrayContaining(['createDrain', 'createHealth', 'createRegionRouter', 'defineRegions']),
    );
    // It takes a name and a list.
    expect(makers.filter((maker) => !factories.some(({ name }) => name === maker))).toEqual(['createEvents']);
  });

  it('know each option of a factory: its type, its default, and its meaning', () => {
    expect(optionOf('createRegionRouter', 'regions')).toMatchObject({ type: 'Regions<Name>', byDefault: 'required' });
    expect(optionOf('createRegionRouter', 'maxLagMs')).toEqual({
      name: 'maxLagMs',
      type: 'number',
      byDefault: '`10_000`',
      meaning: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });

  it('know the options of a group, by their path', () => {
    expect(optionOf('createRegionRouter', 'hold')?.type).toBe('group');
    expect(optionOf('createRegionRouter', 'hold.timeoutMs')?.byDefault).toBe('`5_000`');
    expect(optionOf('createHealth', 'defaults.failAfter')).toEqual({
      name: 'defaults.failAfter',
      type: 'number',
      byDefault: '`2`',
      meaning: 'How many failures in a row make a check fail.',
    });
  });

  it('know the options of a part that a factory hands on', () => {
    expect(optionOf('createRegionKit', 'router.token.secret')?.type).toBe('Secrets \\| Live<Secrets>');
    expect(optionOf('createHealth', 'peers.secret')?.byDefault).toBe('required');
    // The kit has one of its own.
    expect(optionOf('createRegionKit', 'health.peers.secret')?.byDefault).toBe('');
    // An object that the app made: not options of the kit.
    expect(optionOf('createRegionKit', 'config')?.type).not.toBe('group');
  });

  it('show a default that is a sentence as a sentence', () => {
    expect(optionOf('createHealth', 'defaults.staleAfterMs')?.byDefault).toBe(
      '10_000, or two whole rounds if that is more',
    );
  });

  it('have one line for each option, and no cell that ends early', () => {
    const lines = optionsPage(factories)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(lines.length).toBe(factories.flatMap(({ options }) => options).length);
    expect(lines.length).toBeGreaterThan(60);
    expect(lines.filter((line) => line.split(/(?<!\\)\|/).length !== 6)).toEqual([]);
  });

  it('have a page for each entry point, with links to the sources', () => {
    const page = readFileSync(join(folder, 'health.md'), 'utf8');
    expect(page).toContain('### createHealth()');
    expect(page).toContain('https://git.example/shop/blob/main/packages/health/src/health.ts#L');
    expect(page).not.toContain(ROOT);
  });
});
