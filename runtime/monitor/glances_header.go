package monitor

import (
	"slices"
	"strings"
)

// style is how a version of Glances names its columns.
type style int

const (
	underscored style = iota // plugin_item_field: 3.x
	unprefixed               // item.field, field: 4.0 to 4.3.1
	dotted                   // plugin.item.field: from 4.3.2
)

func (s style) versions() string {
	return [...]string{"3.x", "4.0 to 4.3.1", "4.3.2 and newer"}[s]
}

// layout is what a header says of the columns.
type layout struct {
	style   style
	width   int
	from    int      // first column of the containers
	names   []string // of the containers in the header, in its order
	fields  []string // of one container; empty without containers
	key     int      // among fields: holds the word "name" in every row
	name    int      // among fields: holds the container's name
	lists   []group  // keyed items of host plugins
	scalars map[string]int
}

// group is an item of a list: a disk, an interface. Its key column holds the
// name of the field that names it, which is how a row is seen to have moved.
type group struct {
	plugin  string
	columns map[string]int // by field
}

// newLayout understands a header.
func newLayout(header []string) (*layout, error) {
	if len(header) < 2 || strings.TrimPrefix(header[0], "\ufeff") != "timestamp" {
		return nil, &CSVError{"its first column is not timestamp"}
	}
	l := &layout{width: len(header), scalars: map[string]int{}, style: styleOf(header)}
	l.findContainers(header)
	if l.style == unprefixed {
		if len(l.fields) == 0 {
			return nil, &CSVError{"it has no containers, and Glances 4.0 to 4.3.1 does not say which plugin a column is of"}
		}
		return l, nil
	}
	separator := map[style]string{underscored: "_", dotted: "."}[l.style]
	for _, plugin := range []string{"cpu", "mem", "memswap", "network", "diskio"} {
		for i, column := range header {
			rest, ok := strings.CutPrefix(column, plugin+separator)
			if ok && !l.inContainers(i) {
				l.hostColumn(plugin, rest, i)
			}
		}
	}
	if len(l.fields) == 0 && len(l.scalars) == 0 {
		return nil, &CSVError{"it has neither containers nor cpu or memory"}
	}
	return l, nil
}

// styleOf tells who wrote a header.
func styleOf(header []string) style {
	dots, plugins := 0, 0
	for _, column := range header[1:] {
		if strings.Contains(column, ".") {
			dots++
		}
		if first, _, ok := strings.Cut(column, "."); ok && slices.Contains([]string{"containers", "cpu", "mem", "load"}, first) {
			plugins++
		}
	}
	switch {
	case dots == 0 || (plugins == 0 && hasPrefix(header, "cpu_", "mem_", "docker_", "containers_")):
		return underscored
	case plugins > 0 && !slices.Contains(header, "cpucore"):
		return dotted
	}
	return unprefixed
}

func hasPrefix(header []string, prefixes ...string) bool {
	return slices.ContainsFunc(header, func(column string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(column, p) })
	})
}

// listFields are how lists of a plugin name their items, to cut them from the item's own name.
func listFields(plugin string) []string {
	switch plugin {
	case "network":
		return []string{
			"interface_name", "time_since_update", "rx", "tx", "speed", "key", "bytes_recv", "bytes_sent",
			"bytes_recv_rate_per_sec", "bytes_sent_rate_per_sec",
		}
	case "diskio":
		return []string{
			"disk_name", "time_since_update", "read_bytes", "write_bytes", "read_count", "write_count", "key",
			"read_bytes_rate_per_sec", "write_bytes_rate_per_sec", "read_count_rate_per_sec", "write_count_rate_per_sec",
		}
	}
	return nil
}

// hostColumn files a column under its plugin; rest is its name without the plugin.
func (l *layout) hostColumn(plugin, rest string, at int) {
	fields := listFields(plugin)
	if fields == nil {
		l.scalars[plugin+" "+rest] = at
		return
	}
	// the item's name may hold anything, so the field is found from the end; the longest one fits
	best := ""
	for _, f := range fields {
		if len(f) > len(best) && (strings.HasSuffix(rest, "_"+f) || strings.HasSuffix(rest, "."+f)) {
			best = f
		}
	}
	// cumulative_rx ends in rx, and bytes_recv_gauge in nothing of ours
	if best == "" || strings.HasSuffix(rest, "cumulative_"+best) {
		return
	}
	last := len(l.lists) - 1
	if last < 0 || l.lists[last].plugin != plugin || l.lists[last].has(best) {
		l.lists = append(l.lists, group{plugin: plugin, columns: map[string]int{}})
		last++
	}
	l.lists[last].columns[best] = at
}

func (g group) has(field string) bool { _, ok := g.columns[field]; return ok }

func (l *layout) inContainers(column int) bool {
	return column >= l.from && column < l.from+len(l.names)*len(l.fields)
}

// findContainers finds the block of equal groups of columns that tell of containers.
func (l *layout) findContainers(header []string) {
	for i := 1; i < len(header); i++ {
		prefix, ok := l.containerPrefix(header[i])
		if !ok {
			continue
		}
		fields := fieldsOf(header[i:], prefix)
		key, name := slices.Index(fields, "key"), slices.Index(fields, "name")
		if key < 0 || name < 0 || !slices.Contains(fields, "cpu_percent") {
			continue
		}
		l.from, l.fields, l.key, l.name = i, fields, key, name
		for at := i; at < len(header); at += len(fields) {
			prefix, ok := l.containerPrefix(header[at])
			if !ok || !slices.Equal(fieldsOf(header[at:], prefix), fields) {
				return
			}
			l.names = append(l.names, l.containerName(prefix))
		}
		return
	}
}

// containerPrefix is what the columns of one container begin with, given its first one.
func (l *layout) containerPrefix(column string) (string, bool) {
	switch l.style {
	case underscored:
		if !strings.HasPrefix(column, "docker_") && !strings.HasPrefix(column, "containers_") {
			return "", false
		}
		return strings.CutSuffix(column, "key") // it comes first in 3.x
	case dotted:
		if !strings.HasPrefix(column, "containers.") {
			return "", false
		}
	case unprefixed:
	}
	last := strings.LastIndexByte(column, '.')
	return column[:last+1], last > 0
}

func (l *layout) containerName(prefix string) string {
	name := prefix[:len(prefix)-1]
	switch l.style {
	case underscored:
		_, name, _ = strings.Cut(name, "_")
	case dotted:
		_, name, _ = strings.Cut(name, ".")
	case unprefixed:
	}
	return name
}

// fieldsOf lists the fields of the columns that begin with prefix, up to the
// first that does not, or that begins the next container of a longer name.
func fieldsOf(columns []string, prefix string) []string {
	var fields []string
	for _, column := range columns {
		field, ok := strings.CutPrefix(column, prefix)
		if !ok || slices.Contains(fields, field) {
			break
		}
		if len(fields) > 0 && (strings.HasSuffix(field, "_key") || strings.Contains(field, ".")) {
			break
		}
		fields = append(fields, field)
	}
	return fields
}

// containers reads a row's containers. By the header where the row agrees with
// it, else by the names in the row; false where neither can be.
func (l *layout) containers(row []string) ([]item, bool) {
	if len(l.fields) == 0 {
		return nil, true
	}
	if items, ok := l.byHeader(row); ok {
		return items, true
	}
	var items []item
	for at := l.from; at+len(l.fields) <= len(row); at += len(l.fields) {
		slot := row[at : at+len(l.fields)]
		if slot[l.key] != "name" {
			break
		}
		c, ok := l.container(slot)
		if !ok || slices.ContainsFunc(items, func(known item) bool { return known.name == c.name }) {
			return nil, false // no container has another one's name
		}
		items = append(items, c)
	}
	return items, len(items) > 0
}

// byHeader reads a row in which each container stands where the header has it, or is absent.
func (l *layout) byHeader(row []string) ([]item, bool) {
	if len(row) != l.width {
		return nil, false
	}
	var items []item
	for i, name := range l.names {
		slot := row[l.from+i*len(l.fields):][:len(l.fields)]
		if slot[l.name] == "" && slot[l.key] == "" {
			continue
		}
		if slot[l.name] != name || slot[l.key] != "name" {
			return nil, false
		}
		c, ok := l.container(slot)
		if !ok {
			return nil, false
		}
		items = append(items, c)
	}
	return items, true
}

// container reads one slot. It is false when a cell that has to be a number is none: the slot is not one.
func (l *layout) container(slot []string) (item, bool) {
	c := item{name: slot[l.name], v: map[string]float64{}}
	for i, field := range l.fields {
		v, ok := cell(slot[i])
		switch field {
		case "cpu_percent", "memory_usage":
			if !ok && !numeric(slot[i]) {
				return c, false
			}
		case "io_rx", "io_wx", "io_r", "io_w", "network_rx", "network_tx", "cpu_limit", "memory_limit", "memory_inactive_file":
		default:
			continue
		}
		if ok || field == "cpu_limit" {
			c.v[field] = v
		}
	}
	if l.style == underscored {
		c.v["per sample"] = 1
	}
	return c, c.name != ""
}

// host reads the machine's columns. It is false where they have moved and it is not known by how much.
func (l *layout) host(r *reading, row []string) bool {
	if l.style == unprefixed {
		return false // total, free and used each stand there several times, and move
	}
	shift, ok := l.shift(row)
	if !ok {
		return false
	}
	at := func(column int) string {
		if len(l.fields) > 0 && column >= l.from {
			column += shift
		}
		if column >= len(row) {
			return ""
		}
		return row[column]
	}
	for _, g := range l.lists {
		if column, ok := g.columns["key"]; ok {
			if word := at(column); word != "" && word != "interface_name" && word != "disk_name" {
				return false
			}
		}
	}
	l.hostItems(r, at)
	return len(r.Values) > 0
}

// shift is by how many columns the row has moved behind the containers.
func (l *layout) shift(row []string) (int, bool) {
	if len(row) == l.width || len(l.fields) == 0 {
		return 0, len(row) == l.width
	}
	moved := len(row) - l.width
	if l.style == underscored {
		// containers come last: what is before them stands still
		return 0, moved%len(l.fields) == 0
	}
	items, ok := l.containers(row)
	return moved, ok && moved == (len(items)-len(l.names))*len(l.fields)
}

func (l *layout) hostItems(r *reading, at func(column int) string) {
	plugins := map[string]item{}
	for name, column := range l.scalars {
		plugin, field, _ := strings.Cut(name, " ")
		if plugins[plugin].v == nil {
			plugins[plugin] = item{v: map[string]float64{}}
		}
		if v, ok := cell(at(column)); ok {
			plugins[plugin].v[field] = v
		}
	}
	for plugin, one := range plugins {
		hostValues(r, plugin, []item{one})
	}
	lists := map[string][]item{}
	for _, g := range l.lists {
		one := item{v: map[string]float64{}}
		for field, column := range g.columns {
			if field == "interface_name" || field == "disk_name" {
				one.name = at(column)
			} else if v, ok := cell(at(column)); ok {
				one.v[field] = v
			}
		}
		lists[g.plugin] = append(lists[g.plugin], one)
	}
	for plugin, items := range lists {
		hostValues(r, plugin, items)
	}
}
