using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Caur.Silo.StateTransfer;

/// <summary>Which records and reminders there were already. It keeps 16 bytes of each, so that a million take little.</summary>
internal sealed class SeenEntries
{
    private readonly HashSet<UInt128> _seen = [];

    /// <summary>False when it was there already.</summary>
    public bool Add(StateEntry entry) => entry switch
    {
        StateRecord record => Add('s', record.Grain, record.State),
        StateReminder reminder => Add('r', reminder.Grain, reminder.Name),
        _ => throw new ArgumentException($"{entry.GetType()} is no entry", nameof(entry)),
    };

    private bool Add(char kind, string grain, string name) =>
        _seen.Add(BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}{grain.Length}:{grain}{name}"))));
}
