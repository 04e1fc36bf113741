// Teaches: logging in once for all, and users who do several things at once.
//
//   plimsoll run examples/login.js --demo --vus 4 --duration 5s
//
// beforeAll runs once for the whole test; what it returns is given to every
// virtual user as `data`. Scenarios may be async: requests that do not depend
// on each other go out together. A synchronous script costs the load
// generator less, so use this where the real client does it.

import { beforeAll, check, fail, group, scenario } from 'plimsoll'
import http from 'plimsoll/http'

export const options = { vus: 2, duration: '5s' }

const server = __ENV.SERVER_URL || 'http://127.0.0.1:8888/v1'
const signedIn = server.replace('://', '://ann:secret@') // basic auth in the address

beforeAll(() => {
  const res = http.get(`${signedIn}/`)
  const { user } = res.json()
  if (!user) fail(`the login was refused: status ${res.status}`)
  return { id: user.id, bucket: user.bucket }
})

// Both requests are under way at the same time.
scenario('home page', { weight: 3 }, async ({ data }) => {
  const [who, lists] = await Promise.all([
    http.asyncRequest('GET', `${signedIn}/`),
    http.asyncRequest('GET', `${signedIn}/buckets/default/collections`),
  ])
  check(who, { 'still signed in': (r) => r.status === 200 && r.json('user.id') === data.id })
  check(lists, { 'has lists': (r) => r.status === 200 && Array.isArray(r.json('data')) })
})

// A refusal that is wanted is no failure, once it is declared.
scenario('stranger', { weight: 1 }, ({ data }) => {
  group('without a name', () => {
    const res = http.get(`${server}/buckets/${data.bucket}`, { responseCallback: http.expectedStatuses(401) })
    check(res, { 'is asked to log in': (r) => r.status === 401 })
  })
})
