// Teaches: the smallest load test. One function, one request, one check.
//
//   plimsoll run examples/hello.js --demo --vus 4 --duration 5s
//
// This is k6's dialect: `export default` is run again and again by each
// virtual user, and `options` says how many there are and for how long.

import http from 'k6/http'
import { check } from 'k6'

export const options = { vus: 2, duration: '5s' }

const server = __ENV.SERVER_URL || 'http://127.0.0.1:8888/v1'

export default function () {
  const res = http.get(`${server}/__heartbeat__`)
  check(res, {
    'status is 200': (r) => r.status === 200,
    'storage is up': (r) => r.json('storage') === true,
  })
}
