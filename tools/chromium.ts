import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where the browser is, or why there is none. Installs Debian's where `REGIONKIT_INSTALL_CHROMIUM=1` allows it. */
export function findChromium(): { readonly path: string } | { readonly missing: string } {
  const own = process.env['REGIONKIT_CHROMIUM'];
  const find = () => (own === undefined ? PATHS : [own]).find((path) => existsSync(path));
  let path = find();
  if (path === undefined && process.env['REGIONKIT_INSTALL_CHROMIUM'] === '1') {
    try {
      execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', timeout: 120_000 });
      execFileSync('apt-get', ['install', '-y', '-qq', 'chromium'], { stdio: 'ignore', timeout: 300_000 });
    } catch {
      return { missing: 'Chromium could not be installed by apt-get' };
    }
    path = find();
  }
  if (path !== undefined) return { path };
  return { missing: `there is no ${own ?? PATHS[0]}; REGIONKIT_INSTALL_CHROMIUM=1 installs Debian's` };
}

/** A browser of its own profile that talks to nobody but this machine. */
export async function launch(executablePath: string): Promise<{ context: BrowserContext; close(): Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'regionkit-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP *.localhost 127.0.0.1',
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
