import type { ChildProcess } from 'node:child_process';
import type { Sample } from './sample.ts';

export interface Question {
  readonly id: number;
  readonly collected: boolean;
}

export interface Answer {
  readonly id: number;
  readonly sample: Sample;
}

/**
 * Asks a child process, and gives each question its own answer. By number: of two that were under way at once the second
 * answer would else be kept by the channel, and count as the answer to the next question, and so on for ever.
 */
export function createQuestions(child: ChildProcess): (collected: boolean) => Promise<Sample> {
  const waiting = new Map<number, (sample: Sample) => void>();
  let asked = 0;
  child.on('message', (message: Partial<Answer>) => {
    const { id, sample } = message;
    if (id === undefined || sample === undefined) return;
    waiting.get(id)?.(sample);
    waiting.delete(id);
  });
  return (collected) =>
    new Promise((resolve) => {
      asked += 1;
      waiting.set(asked, resolve);
      child.send({ id: asked, collected } satisfies Question);
    });
}
