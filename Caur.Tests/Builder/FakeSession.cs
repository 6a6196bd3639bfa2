using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Caur.Builder.Timing;
using Caur.Protocol.Builders;
using Caur.Tests.Support;

namespace Caur.Tests.Builder;

/// <summary>A control plane in memory that keeps everything it is told, and fails, refuses or forgets on demand.</summary>
internal sealed class FakeSession : IBuilderSession
{
    private readonly Lock _gate = new();
    private readonly Queue<BuildOrder> _waiting = new();
    private readonly Dictionary<AttemptRef, MemoryStream> _logs = [];
    private readonly ConcurrentDictionary<string, int> _failures = new();
    private readonly Pulse _news = new();

    /// <summary>The agent that said hello last.</summary>
    public IBuilderAgent? Agent { get; private set; }

    public List<BuilderHello> Hellos { get; } = [];

    public List<AttemptRef> Accepted { get; } = [];

    public List<IReadOnlyList<AttemptRef>> Renewals { get; } = [];

    public List<(AttemptRef Attempt, AttemptStep Step)> Steps { get; } = [];

    public List<LogChunk> Chunks { get; } = [];

    public List<(ArchiveInfo Archive, string Sha256)> Uploads { get; } = [];

    public List<AttemptResult> Results { get; } = [];

    public int Goodbyes { get; private set; }

    /// <summary>What a hello is answered; everything is current unless told otherwise.</summary>
    public Func<BuilderHello, HelloReply> OnHello { get; set; } = hello => new HelloReply
    {
        Accepted = true,
        Current = hello.Running,
        RenewEvery = TimeSpan.FromMilliseconds(200),
    };

    public Func<AttemptRef, bool> OnAccept { get; set; } = _ => true;

    public Func<IReadOnlyList<AttemptRef>, RenewReply> OnRenew { get; set; } = _ => new RenewReply(true, [], []);

    public Func<AttemptRef, AttemptStep, bool> OnProgress { get; set; } = (_, _) => true;

    /// <summary>Looks at a chunk before it is appended; another answer than null is given instead.</summary>
    public Func<LogChunk, LogReply?> OnAppend { get; set; } = _ => null;

    public Func<ArchiveInfo, UploadReply> OnUpload { get; set; } = _ => new UploadReply { Stored = true };

    /// <summary>Sends archives for real instead, when it is there.</summary>
    public Caur.Builder.Link.ArchiveSender? Sender { get; set; }

    public Func<AttemptResult, bool> OnComplete { get; set; } = _ => true;

    /// <summary>Lets the next calls of this name throw, as a lost link does.</summary>
    public void Fail(string call, int times) => _failures[call] = times;

    public void Give(params IEnumerable<BuildOrder> orders)
    {
        lock (_gate)
        {
            foreach (var order in orders)
            {
                _waiting.Enqueue(order);
            }
        }

        Agent?.WorkAvailable();
    }

    /// <summary>Waits until something that was told satisfies the condition.</summary>
    public async Task<T> UntilAsync<T>(Func<FakeSession, T?> condition, string phase)
        where T : class
    {
        return await WaitAsync().DefaultTimeout(phase);

        async Task<T> WaitAsync()
        {
            while (true)
            {
                var news = _news.Next;
                lock (_gate)
                {
                    if (condition(this) is { } found)
                    {
                        return found;
                    }
                }

                await news;
            }
        }
    }

    public Task UntilAsync(Func<FakeSession, bool> condition, string phase) => UntilAsync(s => condition(s) ? s : null, phase);

    public Task<AttemptResult> ResultAsync(AttemptRef attempt) => UntilAsync(s => s.Results.Find(r => r.Attempt == attempt), $"the result of {attempt}");

    public Task LogSaysAsync(AttemptRef attempt, string text) => UntilAsync(s => s.LogText(attempt).Contains(text), $"'{text}' in the log");

    public byte[] Log(AttemptRef attempt)
    {
        lock (_gate)
        {
            return _logs.TryGetValue(attempt, out var log) ? log.ToArray() : [];
        }
    }

    public string LogText(AttemptRef attempt) => Encoding.UTF8.GetString(Log(attempt));

    /// <summary>Loses the end of a log, as a hub that lost its machine does.</summary>
    public void TruncateLog(AttemptRef attempt, long length)
    {
        lock (_gate)
        {
            _logs[attempt].SetLength(length);
            _logs[attempt].Position = length;
        }
    }

    public Task<HelloReply> HelloAsync(BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken) => AnswerAsync("hello", () =>
    {
        Hellos.Add(hello);
        Agent = agent;
        return OnHello(hello);
    });

    public Task<IReadOnlyList<BuildOrder>> TakeAsync(int freeSlots, CancellationToken cancellationToken) => AnswerAsync("take", () =>
    {
        List<BuildOrder> taken = [];
        while (taken.Count < freeSlots && _waiting.TryDequeue(out var order))
        {
            taken.Add(order);
        }

        return (IReadOnlyList<BuildOrder>)taken;
    });

    public Task<bool> AcceptAsync(AttemptRef attempt, CancellationToken cancellationToken) => AnswerAsync("accept", () =>
    {
        Accepted.Add(attempt);
        return OnAccept(attempt);
    });

    public Task<RenewReply> RenewAsync(IReadOnlyList<AttemptRef> running, CancellationToken cancellationToken) => AnswerAsync("renew", () =>
    {
        Renewals.Add(running);
        return OnRenew(running);
    });

    public Task<bool> ProgressAsync(AttemptRef attempt, AttemptStep step, CancellationToken cancellationToken) => AnswerAsync("progress", () =>
    {
        Steps.Add((attempt, step));
        return OnProgress(attempt, step);
    });

    public Task<LogReply> AppendLogAsync(LogChunk chunk, CancellationToken cancellationToken) => AnswerAsync("append", () =>
    {
        chunk.Bytes.Length.ShouldBeInRange(1, LogChunk.MaxBytes);
        Chunks.Add(chunk);
        if (OnAppend(chunk) is { } instead)
        {
            return instead;
        }

        if (!_logs.TryGetValue(chunk.Attempt, out var log))
        {
            _logs[chunk.Attempt] = log = new MemoryStream();
        }

        if (chunk.Offset > log.Length)
        {
            return new LogReply(LogStatus.Gap, log.Length);
        }

        var known = (int)Math.Min(log.Length - chunk.Offset, chunk.Bytes.Length);
        log.Write(chunk.Bytes.Span[known..]);
        return new LogReply(LogStatus.Appended, log.Length);
    });

    public async Task<UploadReply> UploadAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken)
    {
        if (Sender is { } sender)
        {
            return await sender.SendAsync(attempt, archive, open, CancellationToken.None, cancellationToken);
        }

        await using var content = await open(cancellationToken);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        return await AnswerAsync("upload", () =>
        {
            Uploads.Add((archive, hash));
            return OnUpload(archive);
        });
    }

    public Task<bool> CompleteAsync(AttemptResult result, CancellationToken cancellationToken) => AnswerAsync("complete", () =>
    {
        Results.Add(result);
        return OnComplete(result);
    });

    public Task GoodbyeAsync(CancellationToken cancellationToken) => AnswerAsync("goodbye", () => Goodbyes++);

    private Task<T> AnswerAsync<T>(string call, Func<T> answer)
    {
        try
        {
            lock (_gate)
            {
                if (_failures.TryGetValue(call, out var left) && left > 0)
                {
                    _failures[call] = left - 1;
                    return Task.FromException<T>(new IOException($"the link broke at {call}"));
                }

                return Task.FromResult(answer());
            }
        }
        finally
        {
            _news.Set();
        }
    }
}
