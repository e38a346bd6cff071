// Draws what ranked_list.py hands over. All words and numbers are made there; every title stays plain text here.

function part(name, kind, text, words) {
  const made = document.createElement(name)
  if (kind) made.className = kind
  if (text) made.textContent = text
  if (words) made.title = words
  return made
}

function bars(row, full) {
  const made = part("span", "bars", "", row.bars_words)
  made.setAttribute("role", "img")
  made.setAttribute("aria-label", row.bars_words)
  for (const share of row.bars) {
    const bar = part("i")
    bar.style.height = `${Math.min(100, (100 * share) / full)}%`
    made.append(bar)
  }
  return made
}

function next(row, by) {
  const made = part("span", by ? "next by" : "next", row.next, row.next_words)
  made.append(part("span", "word", " next"))
  const track = part("span", "track")
  const bar = part("i")
  bar.style.width = `${100 * row.next_share}%`
  track.append(bar)
  made.append(track)
  return made
}

function line(row, data, ask) {
  const made = part("li")
  made.dataset.movie = row.movie_id
  const main = part("div", "main")
  main.append(part("bdi", "title", row.title))
  if (row.seen) main.append(part("span", "seen", "seen"))
  if (row.because) main.append(part("span", "because", row.because, row.because_words))
  const move = part("span", `move ${row.move?.way ?? ""}`, row.move?.sign, row.move?.words)
  if (row.move) {
    move.setAttribute("role", "img")
    move.setAttribute("aria-label", row.move.words)
  }
  made.append(
    part("span", "rank", String(row.rank)),
    move,
    main,
    part("span", data.by.includes("rating") ? "rating by" : "rating", row.rating, row.rating_words),
  )
  if (row.bars) made.append(bars(row, data.full_bar))
  if (row.next) made.append(next(row, data.by.includes("next")))
  if (data.why) {
    const why = part("button", "", "Why?")
    why.type = "button"
    why.setAttribute("aria-label", `Why ${row.title}?`)
    why.onclick = () => ask(row.movie_id)
    made.append(why)
  }
  return made
}

function tops(list) {
  const top = (element) => element.getBoundingClientRect().top
  return new Map([...list.querySelectorAll("li")].map((row) => [row.dataset.movie, top(row) - top(list)]))
}

// rows glide from where they were, so that the eye can follow what moved
function glide(list, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return
  const after = tops(list)
  const how = { duration: 250, easing: "ease-out" }
  for (const row of list.querySelectorAll("li")) {
    const way = before.get(row.dataset.movie) - after.get(row.dataset.movie)
    if (way) row.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], how)
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".list")
  const first = data.rows[0]
  list.className = first?.bars ? "list" : "list alone"
  const heads = part("div", "heads")
  heads.setAttribute("aria-hidden", "true")
  for (const [kind, text, words] of data.heads) heads.append(part("span", kind, text, words))
  const rows = part("ol")
  rows.setAttribute("aria-label", data.words)
  rows.append(...data.rows.map((row) => line(row, data, (movie) => setTriggerValue("why", movie))))
  const before = tops(list)
  list.replaceChildren(heads, rows)
  glide(list, before)
}
