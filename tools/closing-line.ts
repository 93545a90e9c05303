import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** What did not pass: its name, and what was thrown. */
interface Failure {
  readonly name: string;
  readonly errors: readonly { readonly message: string }[];
}

/**
 * Closes the run with what failed, then with `N passed, N failed, N skipped` alone on its line.
 * Both come after the table of the coverage: it is so long that a log which keeps its end lost the names before it.
 * A module that fails to import, and a suite whose hook fails, run no test at all: each is counted as one failure.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { readonly message: string }[]): void {
    const count = { passed: 0, skipped: 0 };
    const failures: Failure[] = unhandledErrors.map((error) => ({ name: 'outside a test', errors: [error] }));
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId);
      if (module.errors().length > 0) failures.push({ name: file, errors: module.errors() });
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) failures.push({ name: `${file} > ${suite.fullName}`, errors: suite.errors() });
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === 'passed') count.passed += 1;
        else if (state === 'skipped') count.skipped += 1;
        else failures.push({ name: `${file} > ${test.fullName}`, errors: errors ?? [] });
      }
    }
    process.once('exit', () => {
      for (const failure of failures) process.stdout.write(`\nFAILED ${describe(failure)}\n`);
      process.stdout.write(`\n${count.passed} passed, ${failures.length} failed, ${count.skipped} skipped\n`);
    });
  }
}

/** The name, and the first lines of each message: a difference of two documents can have thousands. */
function describe({ name, errors }: Failure): string {
  const messages = errors.map(({ message }) => message.split('\n').slice(0, 8).join('\n  '));
  return [name, ...messages].join('\n  ');
}
