import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFiles } from '../../test/project-files.ts';
import { writeReference } from './reference/write-reference.ts';
import { readRepository } from './repository.ts';
import { isPage, isPicture, routeOf } from './routes.ts';
import { stagePage } from './stage-page.ts';
import { titleOf } from './title.ts';

/** Puts every page of the repository, and the pages that are made from the types, into `dist/pages` for VitePress. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const PAGES = join(DIST, 'pages');

const write = (route: string, text: string): void => {
  mkdirSync(dirname(join(PAGES, route)), { recursive: true });
  writeFileSync(join(PAGES, route), text);
};

rmSync(DIST, { recursive: true, force: true });
const files = projectFiles(ROOT);
const context = { files: new Set(files), repository: readRepository() };
const titles: Record<string, string> = {};
for (const file of files.filter(isPage)) {
  const page = readFileSync(join(ROOT, file), 'utf8');
  titles[file] = titleOf(page) ?? file;
  write(routeOf(file), stagePage(file, page, context));
}
for (const file of files.filter(isPicture)) {
  mkdirSync(dirname(join(PAGES, routeOf(file))), { recursive: true });
  copyFileSync(join(ROOT, file), join(PAGES, routeOf(file)));
}
mkdirSync(join(PAGES, 'public'));
copyFileSync(join(ROOT, 'packages/console/page/icon.svg'), join(PAGES, 'public/icon.svg'));
for (const { path, text } of await writeReference(ROOT, context.repository)) {
  titles[path] = titleOf(text) ?? path;
  write(path, text);
}
writeFileSync(join(DIST, 'titles.json'), JSON.stringify(titles, null, 2));
process.stdout.write(`${Object.keys(titles).length} pages are staged\n`);
