"""The engine's fixed native parts, as LLVM IR: the thread pool, the walk over launches, loops.

A *launch record* is 32 bytes: kernel, argument block, number of parts, nanoseconds spent (written
when profiled). A kernel is `i64 (ptr arguments, i64 part, i64 parts)`; what it returns is 0, or the
code of an error that ends the run. Parts of one launch run in any order, each once, on any thread.

The pool's memory (`POOL_BYTES`, a cache line a field):

| offset | field |
|---|---|
| 0 | ticket: number of the job << 32, with a bit for each part that was claimed |
| 64 | kernel, arguments, parts of the job |
| 128 | parts not yet done |
| 192 | workers asleep |
| 256 | 1 when the workers shall end |
| 320 | 1 while a thread uses the pool |
| 384 | the greatest error code of the job |
| 448 | threads, the caller among them |

A worker claims parts with a compare-and-swap of the whole ticket, so a claim that succeeds belongs
to the job whose fields it read. Who waits spins, then sleeps on the ticket's upper half (futex).
"""

from __future__ import annotations

POOL_BYTES = 512
RECORD_BYTES = 32
MAX_PARTS = 32
SPINS = 16000  # about 200 us on current processors: programs call again within that time

_SYSCALL_FUTEX = {"x86_64": 202, "aarch64": 98}

_PAUSE = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}

_CLAIM = """
; Runs unclaimed parts of job %job, own share first, until none is left.
define internal void @work(ptr %pool, i64 %job, i64 %index) {
entry:
  %pfn = getelementptr i8, ptr %pool, i64 64
  %pargs = getelementptr i8, ptr %pool, i64 72
  %pparts = getelementptr i8, ptr %pool, i64 80
  %pleft = getelementptr i8, ptr %pool, i64 128
  %pstatus = getelementptr i8, ptr %pool, i64 384
  %pthreads = getelementptr i8, ptr %pool, i64 448
  %threads = load i64, ptr %pthreads
  br label %look
look:
  %ticket = load atomic i64, ptr %pool acquire, align 8
  %fn = load atomic i64, ptr %pfn monotonic, align 8
  %args = load atomic i64, ptr %pargs monotonic, align 8
  %parts = load atomic i64, ptr %pparts monotonic, align 8
  %now = lshr i64 %ticket, 32
  %same = icmp eq i64 %now, %job
  br i1 %same, label %choose, label %end
choose:
  %claimed = and i64 %ticket, 4294967295
  %one = shl i64 1, %parts
  %all = sub i64 %one, 1
  %free = xor i64 %claimed, %all
  %none = icmp eq i64 %free, 0
  br i1 %none, label %end, label %pick
pick:
  %scaled = mul i64 %index, %parts
  %start = udiv i64 %scaled, %threads
  %above = lshr i64 %free, %start
  %has = icmp ne i64 %above, 0
  %lowest = call i64 @llvm.cttz.i64(i64 %free, i1 false)
  %next = call i64 @llvm.cttz.i64(i64 %above, i1 false)
  %shifted = add i64 %next, %start
  %part = select i1 %has, i64 %shifted, i64 %lowest
  %bit = shl i64 1, %part
  %wanted = or i64 %ticket, %bit
  %swap = cmpxchg ptr %pool, i64 %ticket, i64 %wanted acq_rel monotonic
  %won = extractvalue { i64, i1 } %swap, 1
  br i1 %won, label %run, label %look
run:
  %f = inttoptr i64 %fn to ptr
  %a = inttoptr i64 %args to ptr
  %status = call i64 %f(ptr %a, i64 %part, i64 %parts)
  %failed = icmp ne i64 %status, 0
  br i1 %failed, label %fail, label %done
fail:
  %old = atomicrmw umax ptr %pstatus, i64 %status monotonic
  br label %done
done:
  %before = atomicrmw sub ptr %pleft, i64 1 release
  br label %look
end:
  ret void
}
declare i64 @llvm.cttz.i64(i64, i1)
"""

_WORKER = """
%(declare)s
; What a worker thread runs until the pool is stopped.
define i64 @kernel(ptr %%pool, i64 %%index, i64 %%unused) {
entry:
  %%pstop = getelementptr i8, ptr %%pool, i64 256
  %%psleep = getelementptr i8, ptr %%pool, i64 192
  %%upper = getelementptr i8, ptr %%pool, i64 4
  br label %%fresh
fresh:
  %%seen = phi i64 [ 0, %%entry ], [ %%job, %%work ]
  br label %%spin
spin:
  %%count = phi i64 [ 0, %%fresh ], [ %%more, %%pause ], [ 0, %%woke ]
  %%ticket = load atomic i64, ptr %%pool acquire, align 8
  %%job = lshr i64 %%ticket, 32
  %%new = icmp ne i64 %%job, %%seen
  br i1 %%new, label %%check, label %%wait
wait:
  %%long = icmp ugt i64 %%count, %(spins)d
  br i1 %%long, label %%sleep, label %%pause
pause:
  %(pause)s
  %%more = add i64 %%count, 1
  br label %%spin
sleep:
  %%s0 = atomicrmw add ptr %%psleep, i64 1 seq_cst
  %%t2 = load atomic i64, ptr %%pool seq_cst, align 8
  %%j2 = lshr i64 %%t2, 32
  %%still = icmp eq i64 %%j2, %%seen
  %%low = trunc i64 %%seen to i32
  br i1 %%still, label %%futex, label %%woke
futex:
  %(sleep)s
  br label %%woke
woke:
  %%s1 = atomicrmw sub ptr %%psleep, i64 1 seq_cst
  br label %%spin
check:
  %%stop = load atomic i64, ptr %%pstop acquire, align 8
  %%stopping = icmp ne i64 %%stop, 0
  br i1 %%stopping, label %%end, label %%work
work:
  call void @work(ptr %%pool, i64 %%job, i64 %%index)
  br label %%fresh
end:
  ret i64 0
}
"""

_WALK = """
%(declare)s
; Wakes the workers, if any sleeps.
define internal void @wake(ptr %%pool) {
entry:
  %%psleep = getelementptr i8, ptr %%pool, i64 192
  %%upper = getelementptr i8, ptr %%pool, i64 4
  %%asleep = load atomic i64, ptr %%psleep seq_cst, align 8
  %%any = icmp ne i64 %%asleep, 0
  br i1 %%any, label %%futex, label %%end
futex:
  %(wake)s
  br label %%end
end:
  ret void
}

; Runs the parts of one launch on all threads; the caller owns the pool.
define internal i64 @fork(ptr %%pool, ptr %%fn, ptr %%args, i64 %%parts) {
entry:
  %%pfn = getelementptr i8, ptr %%pool, i64 64
  %%pargs = getelementptr i8, ptr %%pool, i64 72
  %%pparts = getelementptr i8, ptr %%pool, i64 80
  %%pleft = getelementptr i8, ptr %%pool, i64 128
  %%pstatus = getelementptr i8, ptr %%pool, i64 384
  %%f = ptrtoint ptr %%fn to i64
  %%a = ptrtoint ptr %%args to i64
  %%old = load atomic i64, ptr %%pool monotonic, align 8
  %%number = lshr i64 %%old, 32
  %%next = add i64 %%number, 1
  %%small = and i64 %%next, 4294967295
  %%zero = icmp eq i64 %%small, 0
  %%job = select i1 %%zero, i64 1, i64 %%small
  ; All parts claimed under the old number: nobody may claim while the fields change.
  store atomic i64 %%f, ptr %%pfn monotonic, align 8
  store atomic i64 %%a, ptr %%pargs monotonic, align 8
  store atomic i64 %%parts, ptr %%pparts monotonic, align 8
  store atomic i64 %%parts, ptr %%pleft monotonic, align 8
  store atomic i64 0, ptr %%pstatus monotonic, align 8
  %%ticket = shl i64 %%job, 32
  store atomic i64 %%ticket, ptr %%pool seq_cst, align 8
  call void @wake(ptr %%pool)
  call void @work(ptr %%pool, i64 %%job, i64 0)
  br label %%wait
wait:
  %%left = load atomic i64, ptr %%pleft acquire, align 8
  %%done = icmp eq i64 %%left, 0
  br i1 %%done, label %%end, label %%pause
pause:
  %(pause)s
  br label %%wait
end:
  %%status = load atomic i64, ptr %%pstatus monotonic, align 8
  ret i64 %%status
}

; Runs the parts of one launch on the caller alone.
define internal i64 @serial(ptr %%fn, ptr %%args, i64 %%parts) {
entry:
  br label %%loop
loop:
  %%part = phi i64 [ 0, %%entry ], [ %%next, %%step ]
  %%more = icmp ult i64 %%part, %%parts
  br i1 %%more, label %%step, label %%end
step:
  %%status = call i64 %%fn(ptr %%args, i64 %%part, i64 %%parts)
  %%next = add i64 %%part, 1
  %%ok = icmp eq i64 %%status, 0
  br i1 %%ok, label %%loop, label %%end
end:
  %%result = phi i64 [ 0, %%loop ], [ %%status, %%step ]
  ret i64 %%result
}

; Walks launch records. `%%pool` is null where no other thread may help.
; Returns 0, or (number of the failed launch + 1) << 32 | its error code.
define internal i64 @walk(ptr %%records, i64 %%count, ptr %%pool) {
entry:
  %%alone = icmp eq ptr %%pool, null
  br label %%loop
loop:
  %%i = phi i64 [ 0, %%entry ], [ %%next, %%step ]
  %%more = icmp ult i64 %%i, %%count
  br i1 %%more, label %%one, label %%fine
one:
  %%at = mul i64 %%i, %(record)d
  %%record = getelementptr i8, ptr %%records, i64 %%at
  %%pargs = getelementptr i8, ptr %%record, i64 8
  %%pparts = getelementptr i8, ptr %%record, i64 16
  %%ptime = getelementptr i8, ptr %%record, i64 24
  %%fn = load ptr, ptr %%record
  %%args = load ptr, ptr %%pargs
  %%parts = load i64, ptr %%pparts
  %(before)s
  %%single = icmp ule i64 %%parts, 1
  %%nested = icmp eq i64 %%parts, 0
  br i1 %%nested, label %%inner, label %%plain
inner:  ; a loop or a branch: it gets the pool in the place of its part
  %%pooln = ptrtoint ptr %%pool to i64
  %%s0 = call i64 %%fn(ptr %%args, i64 %%pooln, i64 0)
  br label %%step
plain:
  br i1 %%single, label %%direct, label %%several
direct:
  %%s1 = call i64 %%fn(ptr %%args, i64 0, i64 1)
  br label %%step
several:
  br i1 %%alone, label %%serial, label %%fork
serial:
  %%s2 = call i64 @serial(ptr %%fn, ptr %%args, i64 %%parts)
  br label %%step
fork:
  %%s3 = call i64 @fork(ptr %%pool, ptr %%fn, ptr %%args, i64 %%parts)
  br label %%step
step:
  %%status = phi i64 [ %%s0, %%inner ], [ %%s1, %%direct ], [ %%s2, %%serial ], [ %%s3, %%fork ]
  %(after)s
  %%next = add i64 %%i, 1
  %%ok = icmp eq i64 %%status, 0
  br i1 %%ok, label %%loop, label %%failed
failed:
  %%place = shl i64 %%next, 32
  %%code = and i64 %%status, 4294967295
  %%both = or i64 %%place, %%code
  ret i64 %%both
fine:
  ret i64 0
}
"""

_RUN = """
; Runs a program: %call holds records, count, pool. Returns what `walk` returns.
define i64 @kernel(ptr %call, i64 %unused, i64 %unused2) {
entry:
  %pcount = getelementptr i8, ptr %call, i64 8
  %ppool = getelementptr i8, ptr %call, i64 16
  %records = load ptr, ptr %call
  %count = load i64, ptr %pcount
  %pool = load ptr, ptr %ppool
  %none = icmp eq ptr %pool, null
  br i1 %none, label %alone, label %try
try:
  %pbusy = getelementptr i8, ptr %pool, i64 320
  %busy = atomicrmw xchg ptr %pbusy, i64 1 acquire
  %taken = icmp ne i64 %busy, 0
  br i1 %taken, label %alone, label %together
together:
  %a = call i64 @walk(ptr %records, i64 %count, ptr %pool)
  store atomic i64 0, ptr %pbusy release, align 8
  ret i64 %a
alone:
  %b = call i64 @walk(ptr %records, i64 %count, ptr null)
  ret i64 %b
}
"""

_WHILE = """
; A loop: %args holds condition's records, count, pointer to its result (a byte), body's records,
; count. Runs until the condition gives false.
define i64 @kernel(ptr %args, i64 %pooln, i64 %unused) {
entry:
  %p1 = getelementptr i8, ptr %args, i64 8
  %p2 = getelementptr i8, ptr %args, i64 16
  %p3 = getelementptr i8, ptr %args, i64 24
  %p4 = getelementptr i8, ptr %args, i64 32
  %pool = inttoptr i64 %pooln to ptr
  %test = load ptr, ptr %args
  %ntest = load i64, ptr %p1
  %pgoing = load ptr, ptr %p2
  %body = load ptr, ptr %p3
  %nbody = load i64, ptr %p4
  br label %loop
loop:
  %a = call i64 @walk(ptr %test, i64 %ntest, ptr %pool)
  %abad = icmp ne i64 %a, 0
  br i1 %abad, label %failed, label %look
look:
  %going = load i8, ptr %pgoing
  %ends = icmp eq i8 %going, 0
  br i1 %ends, label %fine, label %turn
turn:
  %b = call i64 @walk(ptr %body, i64 %nbody, ptr %pool)
  %bbad = icmp ne i64 %b, 0
  br i1 %bbad, label %failed, label %loop
failed:
  %s = phi i64 [ %a, %loop ], [ %b, %turn ]
  ret i64 %s
fine:
  ret i64 0
}
"""

_IF = """
; A branch: %args holds pointer to the predicate (a byte), records and count of either side.
define i64 @kernel(ptr %args, i64 %pooln, i64 %unused) {
entry:
  %p1 = getelementptr i8, ptr %args, i64 8
  %p2 = getelementptr i8, ptr %args, i64 16
  %p3 = getelementptr i8, ptr %args, i64 24
  %p4 = getelementptr i8, ptr %args, i64 32
  %pool = inttoptr i64 %pooln to ptr
  %ppred = load ptr, ptr %args
  %pred = load i8, ptr %ppred
  %yes = icmp ne i8 %pred, 0
  %rt = load ptr, ptr %p1
  %nt = load i64, ptr %p2
  %rf = load ptr, ptr %p3
  %nf = load i64, ptr %p4
  %r = select i1 %yes, ptr %rt, ptr %rf
  %n = select i1 %yes, i64 %nt, i64 %nf
  %s = call i64 @walk(ptr %r, i64 %n, ptr %pool)
  ret i64 %s
}
"""

_CLOCK = """
declare i32 @clock_gettime(i32, ptr)
define internal i64 @clock() {
  %time = alloca [2 x i64]
  %ignored = call i32 @clock_gettime(i32 1, ptr %time)
  %pnano = getelementptr i8, ptr %time, i64 8
  %seconds = load i64, ptr %time
  %nano = load i64, ptr %pnano
  %scaled = mul i64 %seconds, 1000000000
  %total = add i64 %scaled, %nano
  ret i64 %total
}
"""


def _architecture(triple: str) -> str:
    return "aarch64" if triple.startswith(("aarch64", "arm64")) else "x86_64"


def _pieces(triple: str) -> dict[str, object]:
    kind = _architecture(triple)
    futex = _SYSCALL_FUTEX[kind]
    if "linux" in triple:
        declare = "declare i64 @syscall(i64, ...)"
        call = f"call i64 (i64, ...) @syscall(i64 {futex}, ptr %upper, i32"
        sleep = f"%z = {call} 128, i32 %low, ptr null)"  # FUTEX_WAIT | PRIVATE
        wake = f"%z = {call} 129, i32 1073741824)"  # FUTEX_WAKE | PRIVATE, all
    else:
        declare = "declare i32 @usleep(i32)"
        sleep, wake = "%z = call i32 @usleep(i32 200)", ""
    declare_pause, pause = _PAUSE[kind]
    return {
        "declare": f"{declare}\n{declare_pause}",
        "sleep": sleep,
        "wake": wake,
        "pause": pause,
        "spins": SPINS,
        "record": RECORD_BYTES,
    }


def worker_ir(triple: str) -> str:
    """The function of a worker thread: (pool, its index)."""
    return _WORKER % _pieces(triple) + _CLAIM


def _walk_ir(triple: str, timed: bool) -> str:
    pieces = _pieces(triple)
    before = after = ""
    if timed:
        before = "%began = call i64 @clock()"
        after = (
            "%ended = call i64 @clock()\n  %took = sub i64 %ended, %began\n"
            "  %sofar = load i64, ptr %ptime\n  %total = add i64 %sofar, %took\n"
            "  store i64 %total, ptr %ptime"
        )
    text = _WALK % {**pieces, "before": before, "after": after} + _CLAIM
    return text + _CLOCK if timed else text


def run_ir(triple: str, timed: bool = False) -> str:
    """The function that runs a program; timed, it adds up each record's nanoseconds."""
    return _walk_ir(triple, timed) + _RUN


def while_ir(triple: str, timed: bool = False) -> str:
    """The kernel of a loop."""
    return _walk_ir(triple, timed) + _WHILE


def if_ir(triple: str, timed: bool = False) -> str:
    """The kernel of a branch."""
    return _walk_ir(triple, timed) + _IF


_PATCH = """
; Writes the addresses of inputs and outputs where launches expect them, then runs the program.
; %call holds records, count, pool, number of patches, patches, array objects, and where in an array
; object the address of its elements stands. A patch is (number of the object, offset, slot).
define i64 @kernel(ptr %call, i64 %unused, i64 %unused2) {
entry:
  %p3 = getelementptr i8, ptr %call, i64 24
  %p4 = getelementptr i8, ptr %call, i64 32
  %p5 = getelementptr i8, ptr %call, i64 40
  %p6 = getelementptr i8, ptr %call, i64 48
  %patches = load i64, ptr %p3
  %table = load ptr, ptr %p4
  %objects = load ptr, ptr %p5
  %field = load i64, ptr %p6
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %one ]
  %more = icmp ult i64 %i, %patches
  br i1 %more, label %one, label %start
one:
  %at = mul i64 %i, 24
  %patch = getelementptr i8, ptr %table, i64 %at
  %poffset = getelementptr i8, ptr %patch, i64 8
  %pslot = getelementptr i8, ptr %patch, i64 16
  %number = load i64, ptr %patch
  %offset = load i64, ptr %poffset
  %slot = load ptr, ptr %pslot
  %pobject = getelementptr i64, ptr %objects, i64 %number
  %object = load ptr, ptr %pobject
  %pdata = getelementptr i8, ptr %object, i64 %field
  %data = load i64, ptr %pdata
  %place = add i64 %data, %offset
  store i64 %place, ptr %slot
  %next = add i64 %i, 1
  br label %loop
start:
  %status = call i64 @start(ptr %call)
  ret i64 %status
}
"""


def patch_run_ir(triple: str, timed: bool = False) -> str:
    """The function that a bound program calls."""
    run = _RUN.replace(
        "define i64 @kernel(ptr %call, i64 %unused, i64 %unused2)",
        "define internal i64 @start(ptr %call)",
    )
    return _walk_ir(triple, timed) + run + _PATCH
