import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { plot } from './plot.ts';
import { barLines, markdown, type Page } from './report.ts';

/** Makes `docs/figures.md`, and a plot for each page beside it, of the results that lie in `from`. */
export function publish(from: URL, docs: URL): void {
  const pages = readdirSync(from)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(new URL(file, from), 'utf8')) as Page);
  const plots = new URL('figures/', docs);
  mkdirSync(plots, { recursive: true });
  for (const { name, about, results } of pages) writeFileSync(new URL(`${name}.svg`, plots), plot(about, results));
  writeFileSync(
    new URL('figures.md', docs),
    [
      '# Figures',
      '',
      'Made by `npx -y pnpm@10 bench` and `npx -y pnpm@10 bench --publish`. Contenders do the same work in the same run, after a warm-up. Where there are rounds, they take turns. No result is dropped. Ratios are taken within a round, so on another machine they change less than the figures do.',
      '',
      '## Bars',
      '',
      ...pages.flatMap(({ name, results }) =>
        results.flatMap((result) => barLines([result]).map((line) => `- ${name}, ${result.title}: ${line}`)),
      ),
      '',
      ...pages.flatMap((page) => [`![${page.about}](figures/${page.name}.svg)`, '', markdown(page, 2)]),
    ].join('\n'),
  );
}
