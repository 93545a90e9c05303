import http from 'node:http';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launch } from '../../../../tools/chromium.ts';
import { createConsole } from '../../src/index.ts';
import { closeServer, fakeProcess, listen, NO_PORTS, regionsOn, TOKEN, topologyOf } from '../helpers/doors.ts';

const browser = findChromium();
if ('missing' in browser) console.warn(`The browser tests are skipped: ${browser.missing}`);

const WAIT = { timeout: 60_000 };
const NOWHERE = regionsOn(NO_PORTS);

/**
 * The lowest contrast of a text against what is painted behind it (WCAG 2.1, 1.4.3), with the text. Runs in the page; `opacity`
 * of the page itself is 1.
 */
const LOWEST_CONTRAST = `(() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === '' || !element.checkVisibility()) continue;
    const [one, other] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
    found.push([(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), walker.currentNode.data]);
  }
  return { texts: found.length, lowest: found.sort((a, b) => a[0] - b[0])[0] };
})()`;

describe.skipIf('missing' in browser)('the page in a real browser', () => {
  let context: BrowserContext;
  let closeBrowser = async (): Promise<void> => {};
  let page: Page;
  let url: string;
  let us: ReturnType<typeof fakeProcess>;
  let eu: ReturnType<typeof fakeProcess>;
  let server: http.Server;
  let drill: unknown;
  /** What the page complains of: an error, or something that its policy blocks. */
  let complaints: string[];
  const closers: (() => unknown)[] = [];
  const clean = (close: () => unknown): void => void closers.push(close);

  beforeAll(async () => {
    if ('missing' in browser) return;
    ({ context, close: closeBrowser } = await launch(browser.path));
  }, 120_000);
  afterAll(() => closeBrowser());

  beforeEach(async () => {
    [us, eu] = [fakeProcess('us-east-1', NOWHERE, clean), fakeProcess('eu-west-1', NOWHERE, clean)];
    drill = undefined;
    const console = createConsole({
      regions: regionsOn({
        ...NO_PORTS,
        'us-east-1': await listen(us.server),
        'eu-west-1': await listen(eu.server),
      }),
      token: TOKEN,
      logger: { info: () => {}, warn: () => {}, error: () => {} },
      drill: () => drill,
    });
    server = http.createServer(console.node((_q, s) => void s.writeHead(404).end()) as http.RequestListener);
    url = `http://127.0.0.1:${await listen(server)}/console/`;
    clean(() => {
      console.close();
      closeServer(server);
    });
    page = await context.newPage();
    complaints = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
    await page.goto(url);
  });
  afterEach(async () => {
    await page.close();
    for (const close of closers.splice(0).reverse()) await close();
  });

  const signIn = async (token = TOKEN): Promise<void> => {
    await page.locator('#token').fill(token);
    await page.keyboard.press('Enter');
  };
  const says = (): Promise<string | null> => page.textContent('#says');
  const settled = async (): Promise<void> => {
    await page.waitForSelector('#processes tr:nth-child(3)', WAIT);
    await expect.poll(says, WAIT).toContain('us-east-1 takes writes');
  };

  test('an operator signs in by keyboard alone, and reads the state first', async () => {
    expect(await page.evaluate('document.activeElement.id')).toBe('token');
    await page.keyboard.type(TOKEN);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('enter');
    await page.keyboard.press('Enter');
    await settled();
    expect(await page.evaluate('document.activeElement.id')).toBe('sentence');
    expect(await says()).toBe(
      'us-east-1 takes writes; eu-west-1 and ap-southeast-1 are up to date; the operator door of ap-southeast-1 cannot be reached.',
    );
    expect(await page.title()).toContain('us-east-1 takes writes');
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('sign-out');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('token');
    expect(await page.isVisible('#fleet')).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('the token is nowhere: not in an address, a cookie, a store, a field or the page', async () => {
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await signIn();
    await settled();
    const kept = await page.evaluate(
      'JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, history.state, [...document.querySelectorAll("input")].map((i) => i.value), document.documentElement.outerHTML])',
    );
    expect(kept).not.toContain(TOKEN);
    expect(addresses.length).toBeGreaterThan(0);
    expect(addresses.join()).not.toContain(TOKEN);
    expect(await context.cookies()).toEqual([]);
    await page.reload();
    expect(await page.isVisible('#sign-in')).toBe(true);
  });

  test('a wrong token is refused in words, and the field has the focus again', async () => {
    await signIn('x'.repeat(40));
    await expect.poll(() => page.textContent('#sign-in-error'), WAIT).toBe('The console refuses this token.');
    expect(await page.evaluate('document.activeElement.id')).toBe('token');
    await signIn('with a space');
    expect(await page.textContent('#sign-in-error')).toContain('without spaces');
    await signIn();
    await settled();
  });

  test('what a process says is text and never HTML, and the policy would stop a script', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await signIn();
    await settled();
    const topology = topologyOf('us-east-1');
    us.knows({
      ...topology,
      nodes: [{ ...(topology.nodes[0] as object), id: evil, state: evil, code: evil }],
      local: { voids: [{ id: 'v', epochs: [{ system: '7', timeline: 2, owner: evil }] }] },
    });
    us.emit('node', { node: evil, from: evil, to: '\u202eevil' });
    await expect.poll(() => page.textContent('#nodes'), WAIT).toContain('<img src=x');
    await expect.poll(() => page.textContent('#events'), WAIT).toContain('<img src=x');
    await expect.poll(() => page.textContent('#processes'), WAIT).toContain('<img src=x');
    expect(await page.textContent('#events')).not.toContain('\u202e');
    expect(await page.evaluate('document.querySelectorAll("img, body script, [onerror]").length')).toBe(0);
    expect(await page.title()).not.toMatch(/^[12]$/);
    expect(complaints).toEqual([]);
    const written = await page.evaluate(
      '(() => { try { document.body.innerHTML = "<b>x</b>"; return "written"; } catch ({ name }) { return name; } })()',
    );
    expect(written).toBe('TypeError');
  });

  test('hundreds of events are one line with a count, and lines stay where a reader reads', async () => {
    await signIn();
    await settled();
    for (let at = 0; at < 300; at += 1) {
      eu.emit('hold', { waiting: at });
      eu.emit('hold-ended', { heldMs: at, by: 'primary' });
    }
    await expect.poll(() => page.textContent('#events'), WAIT).toContain('×300');
    expect(await page.locator('#events tr').count()).toBe(2);
    await page.evaluate('window.row = document.querySelector("#events tr:first-child")');
    eu.emit('hold-ended', { heldMs: 900, by: 'primary' });
    await expect.poll(() => page.textContent('#events'), WAIT).toContain('×301');
    eu.emit('suspended', {});
    await expect.poll(() => page.locator('#events tr').count(), WAIT).toBe(3);
    expect(await page.evaluate('window.row.isConnected')).toBe(true);
  });

  test('a pause, waiting writes and a running drill are said', async () => {
    await signIn();
    await settled();
    const epoch = { system: '7', timeline: 1, owner: 'us-east-1/0' };
    const pause = { id: 'p', epoch, leftMs: 4_000, underWay: 2 };
    us.knows({ ...topologyOf('us-east-1'), local: { pause } }, { holding: 5 });
    await expect
      .poll(says, WAIT)
      .toMatch(
        /^New writes to us-east-1 are paused; 1 of 2 processes hold them for at most 4 s more; 2 under way; 5 writes wait/,
      );
    expect(await page.textContent('#processes')).toContain('writes paused for 4 s more, 2 under way');
    drill = {
      scenario: 'region-loss',
      summary: 'A region dies.',
      state: 'running',
      faultAtMs: 0,
      nowMs: 2_000,
      objectiveMs: 5_000,
      phases: [
        { name: 'detect', state: 'done', atMs: 500 },
        { name: 'write', state: 'running' },
      ],
    };
    await expect.poll(() => page.textContent('#phases'), WAIT).toContain('500 ms of 5.0 s');
    expect(await page.textContent('#drill-title')).toBe('Drill, region-loss: running');
    expect(await page.locator('#phases progress').first().getAttribute('aria-label')).toBe('detect: 500 ms of 5.0 s');
  });

  test('a lag that changes is not announced again and again', async () => {
    await signIn();
    await settled();
    await page.evaluate(
      'window.said = 0; new MutationObserver(() => { window.said += 1; }).observe(document.getElementById("announcement"), { childList: true, characterData: true, subtree: true })',
    );
    for (const lagMs of [3_000, 4_000, 5_000]) {
      us.knows(topologyOf('us-east-1', 1, lagMs));
      eu.knows(topologyOf('us-east-1', 1, lagMs));
      await expect.poll(says, WAIT).toContain(`${lagMs / 1_000}.0 s behind`);
    }
    expect(await page.evaluate('window.said')).toBe(1);
    expect(await page.getAttribute('#announcement', 'aria-live')).toBe('polite');
  });

  test('a console that went away is told, with what was known before, and comes back by itself', async () => {
    await signIn();
    await settled();
    server.closeAllConnections();
    await expect.poll(() => page.textContent('#connection'), WAIT).toContain('No connection to the console since');
    expect(await page.isVisible('#fleet')).toBe(true);
    await expect.poll(() => page.textContent('#connection'), WAIT).toBe('');
  });

  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [1_280, 390]) {
      test(`at ${width} px, ${scheme}: every text has contrast, nothing is wider than the page, each mark has its word`, async () => {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 900 });
        await signIn();
        await settled();
        drill = {
          scenario: 'region-loss',
          state: 'running',
          objectiveMs: 1,
          phases: [{ name: 'write', state: 'running' }],
        };
        us.knows(topologyOf(undefined));
        us.emit('node', { node: 'us-east-1/0', from: 'primary', to: 'unreachable' });
        await expect.poll(() => page.textContent('#processes'), WAIT).toContain('no-primary');
        await page.waitForSelector('#phases li', WAIT);
        const { texts, lowest } = await page.evaluate<{ texts: number; lowest: [number, string] }>(LOWEST_CONTRAST);
        expect(texts).toBeGreaterThan(50);
        expect(lowest[0], `the contrast of "${lowest[1]}"`).toBeGreaterThanOrEqual(4.5);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        expect(await page.evaluate('getComputedStyle(document.getElementById("sentence")).transitionDuration')).toBe(
          '0s',
        );
        const bare =
          '[...document.querySelectorAll(".mark")].filter((m) => m.children[0].textContent === "" || m.children[1].textContent === "").length';
        expect(await page.evaluate(bare)).toBe(0);
        expect(await page.locator('svg.plot[role="img"][aria-label]').count()).toBe(3);
        expect(complaints).toEqual([]);
      });
    }
  }
});
