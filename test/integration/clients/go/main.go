// Connects with lib/pq and with pgx to the URL in DEV_URL and runs, with each, what a Go service's tests would.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	_ "github.com/lib/pq"
)

const query = "SELECT n, current_database() FROM event_count"

func withPq(url string) (count int, name string, err error) {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return 0, "", err
	}
	defer db.Close()
	err = db.QueryRow(query).Scan(&count, &name)
	return count, name, err
}

func withPgx(url string) (count int, name string, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, query).Scan(&count, &name)
	return count, name, err
}

func main() {
	url := os.Getenv("DEV_URL")
	for _, client := range []struct {
		name string
		ask  func(string) (int, string, error)
	}{{"pq", withPq}, {"pgx", withPgx}} {
		count, database, err := client.ask(url)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", client.name, err)
			os.Exit(1)
		}
		fmt.Printf("%s %d %s\n", client.name, count, database)
	}
}
