import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileErrors } from './compile.ts';
import { examplesOf } from './doc-examples.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** An app that has every package installed: the imports of an example resolve from here. */
const APP = join(ROOT, 'examples/three-regions');

const PACKAGES = ['affinity', 'config', 'console', 'core', 'db-router', 'health', 'lab', 'ops', 'regionkit', 'session'];

describe('examplesOf', () => {
  it('finds the code of a doc comment, with the line of each of its lines', () => {
    const source = [
      '/** Not an example: `a()`. */',
      '  /**',
      '   * Adds.',
      '   *',
      '   * @example',
      '   * ```ts',
      '   * const sum = add(1, 2);',
      '   *',
      '   * sum.toFixed();',
      '   * ```',
      '   */',
    ].join('\n');
    expect(examplesOf(source)).toEqual([{ code: 'const sum = add(1, 2);\n\nsum.toFixed();', line: 7 }]);
  });
});

describe('compileErrors', () => {
  it('reports an example that does not compile, at its line', () => {
    const [error] = compileErrors(APP, [moduleOf('session', [{ code: 'sessions.noSuchMethod();', line: 41 }])]);
    expect(error).toMatch(/^session:41 .*noSuchMethod/);
  });
});

describe('the examples in doc comments', () => {
  it('compile', { timeout: 300_000 }, () => {
    const files = PACKAGES.flatMap((name) => {
      const src = join(ROOT, 'packages', name, 'src');
      return readdirSync(src, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => ({
          name,
          path: join('packages', name, 'src', path),
          text: readFileSync(join(src, path), 'utf8'),
        }));
    });
    const modules = files.flatMap(({ name, path, text }) => {
      const examples = examplesOf(text);
      return examples.length === 0 ? [] : [moduleOf(path, examples, name)];
    });
    expect(modules.length).toBeGreaterThan(30);
    expect(compileErrors(APP, modules)).toEqual([]);
  });
});

/** One module: the context of the package, then each example in a scope of its own. */
function moduleOf(name: string, examples: readonly { readonly code: string; readonly line: number }[], of = name) {
  const context = readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'doc-contexts', `${of}.txt`), 'utf8');
  const lines: (readonly [code: string, line: number])[] = context.split('\n').map((code) => [code, 0]);
  for (const { code, line } of examples) {
    // Only a module exports; inside a function the value is all there is to check.
    const own = code
      .split('\n')
      .map((text, at): readonly [string, number] => [text.replace(/^export default /, ''), line + at]);
    const imports = own.filter(([text]) => /^import /.test(text));
    lines.unshift(...imports);
    lines.push(['async () => {', 0], ...own.filter(([text]) => !/^import /.test(text)), ['};', 0]);
  }
  lines.push(['export {};', 0]);
  return { name, source: lines.map(([code]) => code).join('\n'), lines: lines.map(([, line]) => line) };
}
