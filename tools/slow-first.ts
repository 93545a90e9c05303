import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Starts the tests on real servers first, so that a worker does not play a long one alone at the end.
 * A first run knows no durations, and vitest begins with the largest file; a short file can start three regions many times.
 */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith('.int.test.ts');
    const sorted = await super.sort(files);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}
