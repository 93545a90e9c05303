import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, type PackedPackage, pinned, run, tell, writeJson } from '../packed.ts';

const CORE = '@regionkit/core';

/**
 * Each package in a folder of its own, where nothing else was asked for (but `core`, which no registry has yet, and the
 * types of Node): none of ours comes with it, its types need nothing that did not, and every entry point loads but those
 * whose optional peer is not there.
 */
export function checkAlone(parent: string, packages: readonly PackedPackage[], tsc: string): void {
  const core = packages.find(({ name }) => name === CORE);
  for (const { name, tarball, entries, optionalPeers } of packages) {
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
        .filter((entry) => !missing.includes(entry))
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
