import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';

/** What an import adds to an app that is bundled and minified. */
export interface Bundled {
  readonly minBytes: number;
  readonly gzipBytes: number;
}

/** What is not installed (optional integrations) stays an import, as it does in a user's build. */
const missingStayImports = (entry: string): Plugin => ({
  name: 'missing stay imports',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      // Without the entry itself nothing would be weighed.
      if (pluginData === 'asked' || kind === 'entry-point' || path === entry) return undefined;
      const { errors } = await resolve(path, { kind, resolveDir, pluginData: 'asked' });
      return errors.length > 0 ? { path, external: true } : undefined;
    });
  },
});

/**
 * Everything `entry` exports, with its dependencies; `external` is the user's own: peers and frameworks.
 *
 * @throws if `entry` is not there, because it was not built
 */
export async function bundled(
  entry: string,
  external: readonly string[],
  from: string = process.cwd(),
): Promise<Bundled> {
  const { outputFiles } = await build({
    stdin: { contents: `export * as all from '${entry}';`, resolveDir: from },
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    external: external.flatMap((name) => [name, `${name}/*`]),
    plugins: [missingStayImports(entry)],
    loader: { '.node': 'empty' },
    logLevel: 'silent',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`${entry}: esbuild wrote nothing`);
  return { minBytes: output.contents.length, gzipBytes: gzipSync(output.contents, { level: 9 }).length };
}
