using Caur.Storage.Files;
using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Logs;

/// <summary>Syncs log files. A sync takes as long for one file as for many, and logs end by the hundred when a repository is found to be
/// up to date: those that wait while one sync runs share the next.</summary>
internal sealed class LogSyncs(string root) : IDisposable
{
    /// <summary>From so many on the whole file system is synced at once. Below, other files in it are nobody's business here.</summary>
    private const int Many = 8;

    private readonly object _lock = new();
    private List<Waiting> _waiting = [];
    private Thread? _thread;
    private bool _isClosing;

    /// <summary>Completes when what was written to the file is on the disk.</summary>
    /// <exception cref="IOException">It is not.</exception>
    public Task SyncAsync(SafeFileHandle file)
    {
        var waiting = new Waiting(file, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosing, this);
            _waiting.Add(waiting);
            if (_thread is null)
            {
                // A thread of its own: a sync would hold a thread of the pool for as long as the disk takes.
                _thread = new Thread(Run) { IsBackground = true, Name = "caur log syncs" };
                _thread.Start();
            }

            Monitor.Pulse(_lock);
        }

        return waiting.Done.Task;
    }

    /// <summary>Lets syncs end that were asked for.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            _isClosing = true;
            thread = _thread;
            Monitor.Pulse(_lock);
        }

        thread?.Join();
    }

    private void Run()
    {
        while (true)
        {
            List<Waiting> batch;
            lock (_lock)
            {
                while (_waiting.Count == 0)
                {
                    if (_isClosing)
                    {
                        return;
                    }

                    Monitor.Wait(_lock);
                }

                (batch, _waiting) = (_waiting, []);
            }

            Sync(batch);
        }
    }

    private void Sync(List<Waiting> batch)
    {
        if (batch.Count >= Many && TrySyncAll())
        {
            batch.ForEach(static waiting => waiting.Done.SetResult());
            return;
        }

        foreach (var waiting in batch)
        {
            try
            {
                FileSync.OfFile(waiting.File);
                waiting.Done.SetResult();
            }
            catch (Exception error)
            {
                waiting.Done.SetException(error);
            }
        }
    }

    /// <summary>False when it failed: then each file tells for itself whether it is concerned.</summary>
    private bool TrySyncAll()
    {
        try
        {
            Libc.SyncFileSystem(root);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private sealed record Waiting(SafeFileHandle File, TaskCompletionSource Done);
}
