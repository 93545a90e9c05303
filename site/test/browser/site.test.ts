import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium, launch } from '../../../tools/chromium.ts';
import { serveSite } from '../serve.ts';

const browser = findChromium();
if ('missing' in browser) console.warn(`The browser tests of the site are skipped: ${browser.missing}`);

const PAGES = [
  '/',
  '/start.html',
  '/concepts.html',
  '/glossary.html',
  '/guide.html',
  '/orms.html',
  '/operations.html',
  '/errors.html',
  '/figures.html',
  '/packages/db-router/',
  '/packages/health/',
  '/runbooks/failover.html',
  '/decisions/',
  '/reference/options.html',
  '/reference/api/db-router.html',
];

/** What a page has that it must not have. Runs in the page. */
const FAULTS = `(async () => {
  const images = [...document.images];
  for (const image of images) image.loading = 'eager';
  await Promise.all(images.map((image) => image.decode().catch(() => {})));
  const wide = [...document.querySelectorAll('.VPDoc *')].filter((element) => {
    for (let at = element; at; at = at.parentElement) if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(at).overflowX)) return false;
    return element.getBoundingClientRect().right > innerWidth + 1;
  });
  return {
    scrollsSideways: document.documentElement.scrollWidth > innerWidth,
    wide: wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)),
    missing: images.filter((image) => image.naturalWidth === 0).map((image) => image.src),
    titles: document.querySelectorAll('.VPDoc h1').length,
  };
})()`;

describe.skipIf('missing' in browser)('the built site in a real browser', () => {
  let context: BrowserContext;
  let closeBrowser = async (): Promise<void> => {};
  let site: Awaited<ReturnType<typeof serveSite>>;
  let page: Page;
  /** Errors of a page, and requests that failed or that leave the site. */
  let complaints: string[];

  beforeAll(async () => {
    if ('missing' in browser) return;
    site = await serveSite();
    ({ context, close: closeBrowser } = await launch(browser.path));
  });
  afterAll(async () => {
    await closeBrowser();
    site?.close();
  });

  beforeEach(async () => {
    page = await context.newPage();
    complaints = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on(
      'response',
      (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`),
    );
    page.on('request', (request) => {
      if (!request.url().startsWith(site.origin) && !request.url().startsWith('data:')) complaints.push(request.url());
    });
  });
  afterEach(() => page.close());

  it.each(PAGES)(
    '%s fits a wide window and a phone, in light and in dark colours, with all its pictures and no error',
    async (path) => {
      for (const width of [1_280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        await page.goto(site.origin + path, { waitUntil: 'networkidle' });
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await page.waitForFunction(
            `document.documentElement.classList.contains('dark') === ${colorScheme === 'dark'}`,
          );
          expect({ width, colorScheme, ...((await page.evaluate(FAULTS)) as object), complaints }).toEqual({
            width,
            colorScheme,
            scrollsSideways: false,
            wide: [],
            missing: [],
            titles: 1,
            complaints: [],
          });
        }
      }
    },
  );

  it('finds a page by a word in it', async () => {
    await page.setViewportSize({ width: 1_280, height: 844 });
    await page.goto(`${site.origin}/start.html`, { waitUntil: 'networkidle' });
    await page.locator('.VPNavBarSearch button').first().click();
    await page.locator('#localsearch-input').fill('twin primaries');
    await page.locator('.VPLocalSearchBox .result', { hasText: 'Two primaries' }).first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('leads from the start to a page of the sidebar without an error', async () => {
    await page.setViewportSize({ width: 1_280, height: 844 });
    await page.goto(`${site.origin}/start.html`, { waitUntil: 'networkidle' });
    await page.locator('.VPSidebar a', { hasText: 'Glossary' }).click();
    await page.waitForURL('**/glossary.html');
    await page.locator('.VPDoc h1', { hasText: 'Glossary' }).waitFor();
    expect(complaints).toEqual([]);
  });
});
