//go:build real && linux

package monitor_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

const javaService = `
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

public class Service {
	static final byte[][] kept = new byte[200_000][];

	public static void main(String[] args) throws Exception {
		for (int i = 0; i < kept.length; i++) kept[i] = new byte[64];
		HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
		server.createContext("/", exchange -> {
			for (int i = 0; i < 20_000; i++) kept[i] = new byte[64];
			byte[] answer = "ok\n".getBytes();
			exchange.sendResponseHeaders(200, answer.length);
			exchange.getResponseBody().write(answer);
			exchange.close();
		});
		server.setExecutor(Executors.newFixedThreadPool(4));
		server.start();
		System.out.println(server.getAddress().getPort());
		while (System.in.read() >= 0) {}
		System.exit(0); // with whoever started it
	}
}
`

func TestRealJavaServiceTellsItsHeapAndItsCollections(t *testing.T) {
	for _, program := range []string{"java", "jstat"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, "no "+program+" on PATH (a JDK, from 17 on)")
		}
	}
	file := filepath.Join(t.TempDir(), "Service.java")
	if err := os.WriteFile(file, []byte(javaService), 0o644); err != nil {
		t.Fatal(err)
	}
	service := exec.Command("java", "-Xmx48m", "-XX:+UseSerialGC", file)
	in, err := service.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := service.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end := func() {
		if !ended {
			ended = true
			in.Close()
			service.Wait()
		}
	}
	t.Cleanup(end)
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := "http://127.0.0.1:" + strings.TrimSpace(port) + "/"
	reachable(t, address)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go press(ctx, address, 4)
	time.AfterFunc(8*time.Second, func() { cancel(); end() })
	rows := during(t, 12*time.Second, "auto", address)
	source := fmt.Sprintf("jvm %d", service.Process.Pid)
	heap, n := average(rows, source, record.HeapBytes)
	if heap < 10<<20 || heap > 48<<20 || n < 4 {
		t.Errorf("a heap of %v bytes in %d readings, want some of its 48 MiB", heap, n)
	}
	share, m := average(rows, source, record.GCCPU)
	if share <= 0 || share > 1 || m < 4 {
		t.Errorf("%v of the time in the collector, in %d readings", share, m)
	}
	t.Logf("heap %.1f MB in %d readings, %.1f %% of the time in the collector", heap/1e6, n, share*100)
	told := ""
	for _, r := range rows {
		if r.Source == source {
			told += r.Note
		}
	}
	if !strings.Contains(told, "has ended") {
		t.Errorf("its end is not told: %q", told)
	}
}
