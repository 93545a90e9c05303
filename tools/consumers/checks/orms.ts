import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { snippetsOf } from '../../../test/snippets.ts';
import { APPS, install, type PackedPackage, pinned, ROOT, run, tell, writeJson } from '../packed.ts';
import { COMPILER_OPTIONS } from './compilers.ts';

/** What `docs/orms.md` imports. */
const LIBRARIES = [
  '@mikro-orm/core',
  '@mikro-orm/postgresql',
  '@prisma/adapter-pg',
  'drizzle-orm',
  'graphile-worker',
  'knex',
  'kysely',
  'objection',
  'pg',
  'pg-promise',
  'sequelize',
  'typeorm',
];

/**
 * Each library of `docs/orms.md` beside `regionkit`, in one app. npm decides which copy of `pg` each library gets: MikroORM
 * and pg-promise bring their own. What the page shows compiles, and where it replaces a part of a library, its text is run.
 *
 * @param all the folder that has the compiler
 */
export function checkOrms(parent: string, packages: readonly PackedPackage[], all: string): void {
  const folder = join(parent, 'orms');
  const tarballs = Object.fromEntries(packages.map(({ name, tarball }) => [name, tarball]));
  const { regionkit = '', '@regionkit/db-router': router = '', '@regionkit/lab': lab = '', ...others } = tarballs;
  const dependencies = {
    ...Object.fromEntries([...LIBRARIES, '@types/node'].map((name) => [name, pinned(name)])),
    regionkit,
    '@regionkit/db-router': router,
    '@regionkit/lab': lab,
  };
  install(folder, dependencies, others);

  const page = readFileSync(join(ROOT, 'docs/orms.md'), 'utf8');
  const snippets = snippetsOf(page);
  if (snippets === undefined) throw new Error('docs/orms.md has no block that compiles');
  writeFileSync(join(folder, 'page.ts'), snippets.source);
  writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: {
      ...COMPILER_OPTIONS,
      module: 'nodenext',
      // The declarations of some libraries have errors.
      skipLibCheck: true,
      noEmit: true,
    },
    include: ['page.ts'],
  });
  run(process.execPath, [join(all, 'node_modules/typescript-7/bin/tsc'), '-p', '.'], folder);

  cpSync(join(APPS, 'orms'), folder, { recursive: true });
  writeFileSync(join(folder, 'recipes.mjs'), recipesOf(page));
  tell(`ORMs: docs/orms.md compiles; ${run(process.execPath, ['drive.mjs'], folder).trim()}`);
}

/** The recipes of the page in plain JavaScript, as functions of the names that they find on the page. */
function recipesOf(page: string): string {
  const blocks = [...page.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);
  const recipe = (name: string, variable: string): string => {
    const code = blocks.find((text) => text.includes(`const ${variable} = `));
    if (code === undefined) throw new Error(`docs/orms.md has no recipe with "const ${variable} ="`);
    const isImport = (line: string): boolean => line.startsWith('import ');
    const lines = code.split('\n');
    return [
      ...lines.filter(isImport),
      `export async function ${name}(router, entities) {`,
      ...lines.filter((line) => !isImport(line)),
      `return ${variable};\n}\n`,
    ].join('\n');
  };
  return recipe('openMikroOrm', 'orm') + recipe('openSequelize', 'sequelize');
}
