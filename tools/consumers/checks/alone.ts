import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, type PackedPackage, pinned, run, tell, writeJson } from '../packed.ts';

const CORE = '@regionkit/core';

/**
 * Each package in a folder of its own, where nothing else was asked for (but `core`, which no registry has yet, and the
 * types of Node): none of ours comes with it, and every entry point loads but those whose optional peer is not there. The
 * types need nothing that did not come; only an entry point below the root may need those of its optional peer.
 */
export function checkAlone(parent: string, packages: readonly PackedPackage[], tsc: string): void {
  const core = packages.find(({ name }) => name === CORE);
  for (const { name, tarball, entries, optionalPeers } of packages) {
    // It exists to bring the others.
    if (name === 'regionkit') continue;
    const folder = join(parent, 'alone', name.slice(name.indexOf('/') + 1));
    const types = { '@types/node': pinned('@types/node') };
    install(folder, { ...types, ...(core !== undefined && { [CORE]: core.tarball }), [name]: tarball });

    const ours = readdirSync(join(folder, 'node_modules/@regionkit')).map((directory) => `@regionkit/${directory}`);
    const strangers = ours.filter((one) => one !== CORE && one !== name);
    if (strangers.length > 0) throw new Error(`${name} brings ${strangers.join(', ')}`);

    const script = entries.map((entry) => `await load('${entry}');`).join('\n');
    writeFileSync(join(folder, 'alone.mjs'), `${loader(optionalPeers)}\n${script}`);
    const missing = run(process.execPath, ['alone.mjs'], folder).split('\n').filter(Boolean);

    writeFileSync(
      join(folder, 'alone.ts'),
      entries
        .filter((entry) => !missing.includes(entry) && !needsTypesOf(optionalPeers, folder, entry))
        .map((entry, at) => `export * as entry${at} from '${entry}';`)
        .join('\n'),
    );
    writeJson(join(folder, 'tsconfig.json'), {
      compilerOptions: {
        module: 'nodenext',
        lib: ['es2023'],
        types: ['node'],
        strict: true,
        noEmit: true,
        skipLibCheck: false,
      },
      include: ['alone.ts'],
    });
    run(process.execPath, [tsc, '-p', '.'], folder);
    const without = missing.length === 0 ? '' : ` (without its optional peers not ${missing.join(', ')})`;
    tell(`alone: ${name}${without}`);
  }
}

/** Whether the declarations of an entry point import an optional peer: its types, and nothing when it runs. */
function needsTypesOf(optionalPeers: readonly string[], folder: string, entry: string): boolean {
  const [scope, name, ...path] = entry.split('/');
  const root = join(folder, 'node_modules', `${scope}/${name}`);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, { readonly types: string }>>;
  };
  const declarations = readFileSync(join(root, exports[['.', ...path].join('/')]?.types ?? ''), 'utf8');
  return path.length > 0 && optionalPeers.some((peer) => declarations.includes(`from '${peer}'`));
}

/** Writes the entry points whose optional peer is missing; throws for any other reason not to load. */
const loader = (optionalPeers: readonly string[]): string => `
async function load(entry) {
  try {
    await import(entry);
  } catch (error) {
    const peer = ${JSON.stringify(optionalPeers)}.find((name) => error.message.includes("'" + name + "'"));
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || peer === undefined) throw error;
    console.log(entry);
  }
}`;
