// What users do with the service, how often, and what must be true of each answer.
//
//   plimsoll run smoke                one short run, as plimsoll.json says
//   plimsoll size capacity            how much the service carries
//   plimsoll size capacity --demo     the same with the built-in service
//
// An iteration is one run of one scenario by one virtual user. It fails when
// its function throws, a check is false, or a request fails. Sizing looks for
// the load up to which at most 5 % of the iterations fail.
//
// TypeScript runs as it is: types are not checked when the script is loaded,
// but by your editor, or by `npx tsc`.

import { beforeVU, check, scenario } from 'plimsoll'
import http from 'plimsoll/http'

// Settings for `plimsoll run loadtest.ts`. A named test in plimsoll.json is stronger, and a flag the strongest.
export const options = { vus: 2, duration: '5s' }

interface Item {
  id?: string
  title: string
}

// __ENV is the environment: SERVER_URL=https://… or -e SERVER_URL=https://…
const server = (__ENV.SERVER_URL || '<<.URL>>').replace(/\/$/, '')
const items = `${server}/buckets/default/collections/items/records`

// Once a virtual user. What it returns goes with each of its requests.
beforeVU(() => ({
  headers: {
    Authorization: 'Basic dXNlcjpwYXNz', // user:pass; take real ones from __ENV
    'Content-Type': 'application/json',
  },
}))

// Four of five iterations read …
scenario('browse', { weight: 4 }, () => {
  const res = http.get(`${items}?_limit=10`, { tags: { name: 'list' } })
  check(res, {
    'list is 200': (r) => r.status === 200,
    'list has data': (r) => Array.isArray(r.json('data')),
  })
})

// … and one writes.
scenario('add', { weight: 1, delay: '10ms' }, ({ vu, iteration }) => {
  const item: Item = { title: `item ${iteration} of user ${vu}` }
  const res = http.post(items, JSON.stringify({ data: item }), { tags: { name: 'create' } })
  check(res, {
    'create is 201': (r) => r.status === 201,
    'keeps the title': (r) => r.json('data.title') === item.title,
  })
})
