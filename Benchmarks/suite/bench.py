"""What the figures share: a folder on the disk that is measured, books to begin with, the pace."""
import contextlib, hashlib, json, os, sqlite3, subprocess

from .load import client
from .machine import BUILD, pinned
from .servers import Daemon, Limit, copied, make_books

BUSY = 200  # stations that talk without pause
LONG = (1_000_000, 50_000)  # CDRs in the long books, full and quick, all of one month
MONTH, MONTH_MS = "2025-03", 1_741_132_800_000  # it, and when its fifth day begins


class Bench:
    def __init__(self, folder, quick, figures):
        self.folder, self.quick = folder, quick
        self.fresh = f"{folder}/fresh"
        stations = max((figure.stations for figure in figures), default=0)
        self.added_per_second = make_books(self.fresh, max(stations, BUSY), BUSY)

    def seconds(self, full, quick):
        return quick if self.quick else full

    @contextlib.contextmanager
    def daemon(self, data=None, **options):
        """Ostler on books of its own that are as they were made."""
        with Daemon(data or self.copy(), **options) as daemon:
            yield daemon

    def copy(self):
        return copied(self.fresh, f"{self.folder}/data")

    def limit(self, **options):
        return Limit(**options)

    def disk(self):
        """How fast this disk takes rows through SQLite with synchronous=FULL, grouped and one by one."""
        command = pinned(0, f"{BUILD}/disk", "commits", self.folder, self.seconds(1, 0.4), BUSY)
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)

    def certificate(self):
        """Chain and key of a station door, made once."""
        files = (f"{self.folder}/certificate.pem", f"{self.folder}/key.pem")
        if not os.path.exists(files[0]):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=localhost", "-out", files[0], "-keyout", files[1]],
                           check=True, capture_output=True)
        return files

    @property
    def long_count(self):
        return LONG[1] if self.quick else LONG[0]

    def long_books(self):
        """Books with very many CDRs, made once: copies of one that the daemon itself billed, under ids of their own and
        with true digests."""
        data = f"{self.folder}/long"
        if os.path.exists(data):
            return data
        with self.daemon(copied(self.fresh, data)) as daemon:
            client("transactions", daemon, stations=1, seconds=0.2)
        books = sqlite3.connect(f"{data}/ostler.db", isolation_level=None)
        books.create_function("sha256", 1, lambda body: hashlib.sha256(body.encode()).hexdigest(), deterministic=True)
        names = [column[1] for column in books.execute("PRAGMA table_info(cdr)")]
        new = {
            "number": "(SELECT max(number) FROM cdr) + n",
            "id": "printf('01900000-0000-7000-8000-%012x', n)", "session": "printf('01900000-0000-7000-9000-%012x', n)",
            "started_at": f"{MONTH_MS} + n * 1000 - t.seconds * 1000", "ended_at": f"{MONTH_MS} + n * 1000",
            "body": "replace(t.body, t.id, printf('01900000-0000-7000-8000-%012x', n))",
            "digest": "sha256(replace(t.body, t.id, printf('01900000-0000-7000-8000-%012x', n)))",
        }
        books.execute("BEGIN")
        books.execute(
            f"WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {self.long_count}) "
            f"INSERT INTO cdr ({', '.join(names)}) SELECT {', '.join(new.get(name, 't.' + name) for name in names)} "
            "FROM number, (SELECT * FROM cdr LIMIT 1) t")
        books.execute("COMMIT")
        books.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        books.close()
        return data

    def disk_reads(self, data):
        """How fast C reads the CDRs through SQLite."""
        command = pinned(0, f"{BUILD}/disk", "read", f"{data}/ostler.db")
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
