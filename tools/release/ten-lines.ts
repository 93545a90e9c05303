/** How the app of the README is changed to run on this machine: its addresses, plain http, and a port. */
const CHANGES: readonly (readonly [shown: string, run: string])[] = [
  ["'https://app-us-east-1.example.com'", 'process.env.US_ORIGIN'],
  ["'https://app-eu-west-1.example.com'", 'process.env.EU_ORIGIN'],
  ["cookieDomain: 'example.com'", 'development: true'],
  ['listen(3000)', "listen(Number(process.env.PORT), '127.0.0.1')"],
];

/**
 * The app that a README shows: its first block of TypeScript, which is plain JavaScript as well.
 *
 * @throws {Error} it does not show what is changed, exactly once
 */
export function tenLinesOf(readme: string): string {
  const [, block = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  return CHANGES.reduce((app, [shown, run]) => {
    if (app.split(shown).length !== 2) throw new Error(`the app of the README does not show ${shown} once`);
    return app.replace(shown, () => run);
  }, block);
}
