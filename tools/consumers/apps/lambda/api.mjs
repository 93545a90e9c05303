import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

process.env.AWS_LAMBDA_FUNCTION_NAME = 'notes';
// One region runs the bundle that is CommonJS, the other the ES module.
const { handler } = await import(process.env.REGION === 'us-east-1' ? './handler.cjs' : './handler.mjs');

/** A request as an HTTP API passes it on, in the format of payload 2.0. */
async function eventOf(request) {
  const { method, url, headers } = request;
  const [rawPath, rawQueryString = ''] = url.split('?');
  const body = await text(request);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers,
    requestContext: { domainName: headers.host, http: { method, path: rawPath }, stage: '$default' },
    ...(body !== '' && { body }),
    isBase64Encoded: false,
  };
}

createServer(async (request, response) => {
  const { statusCode, headers, cookies = [], body, isBase64Encoded } = await handler(await eventOf(request));
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.writeHead(statusCode, headers).end(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'));
}).listen(Number(process.env.PORT), '127.0.0.1');
