import { type Shape, ShapeError } from '../doctor/shape.ts';
import type { Answer } from './ask.ts';

/** A server may be a stranger: what it answers is used only in the right shape. */
export function shaped<T>(answer: Answer<unknown>, shape: Shape<T>): Answer<T> {
  if (!answer.ok) return answer;
  try {
    return { ...answer, value: shape(answer.value) };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { ok: false, why: 'malformed', code: undefined };
  }
}
