/** An older Vitest would give a test the fixture's own definition, and no lab. */
export function refuseOldVitest(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 3 || (major === 3 && minor >= 2)) return;
  throw new TypeError(
    `labTest: needs Vitest 3.2 or later, and this is ${version}. Call createLab() in beforeAll and lab.close() in afterAll`,
  );
}
