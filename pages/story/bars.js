// Draws the data of bars.py. All texts come from there and are inserted as plain text.

function create(tag, className, text) {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  return element
}

function bar(className, share, signed) {
  const element = create("i", `${className} ${share < 0 ? "down" : "up"}`)
  element.style.setProperty("--share", Math.abs(share) / (signed ? 2 : 1))
  return element
}

function item(row, signed) {
  const element = create("li", row.marked ? "marked" : "")
  const picture = create("span", "picture")
  if (row.poster) picture.append(poster(row.poster, { small: true }))
  const track = create("span", "track")
  track.setAttribute("aria-hidden", "true")
  if (signed && row.old_share !== null && row.marked) track.append(bar("old", row.old_share, signed))
  track.append(bar("bar", row.share, signed))
  const text = create("span", "text")
  if (row.marked && row.old_text) {
    text.append(create("span", "was", row.old_text), create("span", "arrow", " → "))
    text.querySelector(".was").setAttribute("aria-label", `before ${row.old_text}`)
  }
  text.append(create("b", "", row.text))
  element.append(picture, create("bdi", "label", row.label), track, text)
  return element
}

export default function ({ data, parentElement }) {
  const list = parentElement.querySelector(".bars")
  list.className = `bars ${data.signed ? "signed" : "plain"}`
  list.style.setProperty("--count", Math.max(1, data.bars.length))
  list.setAttribute("aria-label", data.label)
  list.replaceChildren(...data.bars.map((row) => item(row, data.signed)))
}
