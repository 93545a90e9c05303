import { join } from 'node:path';
import { install, type PackedPackage, pinned, tell, writeJson } from '../packed.ts';
import { driveApp } from './drive-app.ts';

/** Nest 11 is CommonJS, and so are its apps; those of Nest 12 are ES modules. */
const VERSIONS = [
  { major: 11, core: '11.2.10', type: 'commonjs' },
  { major: 12, core: '12.5.1', type: 'module' },
] as const;

const BESIDE = { 'reflect-metadata': '0.2.2', rxjs: '7.8.2' };
export const NEST_PEERS = { '@nestjs/common': VERSIONS[0].core, '@nestjs/core': VERSIONS[0].core, ...BESIDE };

/**
 * An app on each Nest in a folder with `regionkit`, `pg` and Nest alone, compiled with decorators as Nest's own compiler does:
 * it does in two regions what the app of the one package does.
 *
 * @param all the folder in which the driver was compiled, with the lab
 */
export function checkNest(parent: string, packages: readonly PackedPackage[], all: string): void {
  const { regionkit = '', ...others } = Object.fromEntries(packages.map(({ name, tarball }) => [name, tarball]));
  for (const { major, core, type } of VERSIONS) {
    const folder = join(parent, `nest-${major}`);
    const dependencies = {
      regionkit,
      pg: pinned('pg'),
      '@nestjs/common': core,
      '@nestjs/core': core,
      '@nestjs/platform-express': core,
      ...BESIDE,
      '@types/node': pinned('@types/node'),
    };
    install(folder, dependencies, others);
    writeJson(join(folder, 'package.json'), { private: true, type, dependencies });
    const options = { experimentalDecorators: true, emitDecoratorMetadata: true, skipLibCheck: true };
    tell(`Nest ${major}, ${type}: ${driveApp('nest', folder, all, options)}`);
  }
}
