// Draws the data of ranked_list.py. All texts and numbers come from there; titles are inserted as plain text.

function create(tag, className, text, tooltip) {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  if (tooltip) element.title = tooltip
  return element
}

function bars(row, full) {
  const element = create("span", "bars", "", row.bars_tooltip)
  element.setAttribute("role", "img")
  element.setAttribute("aria-label", row.bars_tooltip)
  for (const share of row.bars) {
    const bar = create("i")
    bar.style.height = `${Math.min(100, (100 * share) / full)}%`
    element.append(bar)
  }
  return element
}

// a probability, "like" or "next", with a bar
function share(row, name, data) {
  const classes = ["share", name, data.by.includes(name) ? "by" : "", name === data.least ? "least" : ""]
  const element = create("span", classes.join(" "), row[name], row[`${name}_tooltip`])
  element.append(create("span", "word", ` ${name}`))
  const track = create("span", "track")
  const bar = create("i")
  bar.style.width = `${100 * row[`${name}_share`]}%`
  track.append(bar)
  element.append(track)
  return element
}

function listItem(row, data, onWhy) {
  const element = create("li")
  element.dataset.movie = row.movie_id
  const main = create("div", "main")
  main.append(create("bdi", "title", row.title))
  if (row.seen) main.append(create("span", "seen", "seen"))
  if (row.ratings) main.append(create("span", "ratings", row.ratings))
  if (row.because) main.append(create("span", "because", row.because, row.because_tooltip))
  const move = create("span", `move ${row.move?.direction ?? ""}`, row.move?.sign, row.move?.tooltip)
  if (row.move) {
    move.setAttribute("role", "img")
    move.setAttribute("aria-label", row.move.tooltip)
  }
  element.append(
    create("span", "rank", String(row.rank)),
    move,
    main,
    create("span", data.by.includes("rating") ? "rating by" : "rating", row.rating, row.rating_tooltip),
  )
  if (row.bars) element.append(bars(row, data.full_bar))
  for (const name of ["like", "next"]) if (row[name]) element.append(share(row, name, data))
  if (data.why) {
    const why = create("button", "", "Why?")
    why.type = "button"
    why.setAttribute("aria-label", `Why ${row.title}?`)
    why.onclick = () => onWhy(row.movie_id)
    element.append(why)
  }
  return element
}

function tops(list) {
  const top = (element) => element.getBoundingClientRect().top
  return new Map([...list.querySelectorAll("li")].map((row) => [row.dataset.movie, top(row) - top(list)]))
}

// rows glide from their old positions, so that the eye can follow them
function glide(list, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return
  const after = tops(list)
  const timing = { duration: 250, easing: "ease-out" }
  for (const row of list.querySelectorAll("li")) {
    const distance = before.get(row.dataset.movie) - after.get(row.dataset.movie)
    if (distance) row.animate([{ transform: `translateY(${distance}px)` }, { transform: "none" }], timing)
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".list")
  const first = data.rows[0]
  list.className = first?.bars ? `list${first.like && first.next ? " both" : ""}` : "list alone"
  const heads = create("div", "heads")
  heads.setAttribute("aria-hidden", "true")
  for (const [className, label, tooltip] of data.heads) heads.append(create("span", className, label, tooltip))
  const rows = create("ol")
  rows.setAttribute("aria-label", data.label)
  rows.append(...data.rows.map((row) => listItem(row, data, (movie) => setTriggerValue("why", movie))))
  const before = tops(list)
  list.replaceChildren(heads, rows)
  glide(list, before)
}
