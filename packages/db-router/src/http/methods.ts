/** The safe methods of [RFC 9110 section 9.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1). */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE';
}

/** OPTIONS and TRACE are about the server. A preflight must be answered where it arrives. */
export function readsData(method: string): boolean {
  return method !== 'OPTIONS' && method !== 'TRACE';
}
