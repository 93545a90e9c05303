import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { readRepository } from '../src/repository.ts';
import { shapeTables } from '../src/shape-tables.ts';
import { sidebarOf } from '../src/sidebar.ts';
import { SIDEBAR } from '../src/sidebar-table.ts';
import { slug } from '../src/slug.ts';

// The build step writes it beside the pages.
const titles: Record<string, string> = JSON.parse(
  readFileSync(new URL('../dist/titles.json', import.meta.url), 'utf8'),
);
const repository = readRepository();
const BASE = process.env['SITE_BASE'] ?? '/';

export default defineConfig({
  lang: 'en',
  title: 'regionkit',
  description: 'Makes an ordinary Node HTTP server region-aware, on PostgreSQL in several regions.',
  base: BASE,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${BASE}icon.svg` }]],
  srcDir: 'dist/pages',
  outDir: 'dist/html',
  cacheDir: 'dist/cache',
  vite: { build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 2_000 } },
  markdown: { anchor: { slugify: slug }, config: shapeTables },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Guides', link: '/guide' },
      { text: 'Operations', link: '/operations' },
      { text: 'Errors', link: '/errors' },
      { text: 'Options', link: '/reference/options' },
    ],
    sidebar: sidebarOf(SIDEBAR, new Map(Object.entries(titles))) as never,
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }],
    repository,
  } as never,
});
