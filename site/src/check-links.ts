import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brokenLinks } from './broken-links.ts';

const HTML = new URL('../dist/html/', import.meta.url);

const paths = (readdirSync(fileURLToPath(HTML), { recursive: true }) as string[]).map((path) =>
  path.replaceAll('\\', '/'),
);
const files = new Map(
  paths.map((path) => [path, path.endsWith('.html') ? readFileSync(new URL(path, HTML), 'utf8') : '']),
);
const broken = brokenLinks(files, process.env['SITE_BASE']);
for (const link of broken) process.stderr.write(`leads nowhere: ${link}\n`);
if (broken.length > 0) process.exitCode = 1;
else
  process.stdout.write(
    `every link of ${paths.filter((path) => path.endsWith('.html')).length} pages leads somewhere\n`,
  );
